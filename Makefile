# SPDX-License-Identifier: Apache-2.0
# A thin front to CMake: `make build`, `make test`, `make demo`, `make lint`, `make clean`.
.PHONY: all build dependencies test demo lint isa-reference clean

all: build

# Debian and Python packages that are missing.
dependencies:
	scripts/install-dependencies.sh

build: dependencies
	cmake --preset release
	cmake --build --preset release

# Everything that CTest knows. One test, with its output: ctest --preset release -R NAME
test: build
	ctest --preset release

# Builds only what it shows.
demo: dependencies
	scripts/demo.sh

lint: build
	scripts/lint.sh

# Renews docs/isa-reference.md after a change of isa/neuron.json.
isa-reference: dependencies
	cmake --preset release
	cmake --build --preset release --target isa_reference_copy

clean:
	rm -rf build
