#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/rtl_coverage.sh [option of fuzz_isa]...   (default: --count 50)
#
# Runs random programs on a chip that counts what they reach, in build/coverage, and prints line and
# toggle coverage of each module. Annotated sources are left in build/coverage/annotated.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/coverage
if [[ $# -eq 0 ]]; then set -- --count 50; fi

cmake --preset campaign -B "$build" -DNEURON_RTL_COVERAGE=ON >/dev/null
cmake --build "$build" --target fuzz_isa
rm -rf "$build/annotated"
"$build/bin/fuzz_isa" --coverage "$build/coverage.dat" "$@"
verilator_coverage --annotate "$build/annotated" "$build/coverage.dat" >/dev/null
python3 scripts/rtl_coverage.py "$build/coverage.dat"
