#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/lint.sh [format|rtl|synthesis|tidy]...   (default: all)
#
#   format     clang-format on the C++ sources, shellcheck on the scripts
#   rtl        Verilator -Wall on every configuration and a sweep of P and of the beat
#   synthesis  Yosys reads the ulx3s configuration, maps the chip to ECP5 and prints what each block
#              and all of it use of an LFE5U-85F; stops after NEURON_SYNTHESIS_SECONDS (420) and
#              says which modules were not mapped
#   tidy       clang-tidy on NEURON_TIDY_DIRS; needs the release build for generated headers
#
# NEURON_TOP=nc_array scripts/lint.sh rtl looks at one module instead of the whole chip.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/release
lint=build/lint
tidy_dirs=${NEURON_TIDY_DIRS:-base isa driver sim/functional host/ncx host/runtime}
top=${NEURON_TOP:-nc_chip}

cpp_files() {
  local pattern='*.cpp *.h *.c'
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    # shellcheck disable=SC2086  # the patterns are separate arguments
    git ls-files --cached --others --exclude-standard $pattern
  else
    find . -path ./build -prune -o \( -name '*.cpp' -o -name '*.h' -o -name '*.c' \) -print
  fi | grep -v third_party || true
}

generate() {
  cmake --preset release >/dev/null
  cmake --build --preset release --target isa_generator neuron_isa_generated
  # Narrow lanes for large P: with P lanes Verilator needs minutes for a core of P=128.
  local sweep=(
    --config-from "p8=tiny:p=8,vector_lanes=8,scalar_lanes=8"
    --config-from "beat4=tiny:axi_bytes=4"
    --config-from "beat16=tiny:axi_bytes=16"
    --config-from "p20=tiny:p=20,vector_lanes=20,scalar_lanes=20"
    --config-from "p64=sim:p=64,vector_lanes=4,scalar_lanes=4"
    --config-from "p128=sim:p=128,vector_lanes=4,scalar_lanes=4")
  "$build/bin/isa_generator" --json isa/neuron.json --out "$lint" "${sweep[@]}"
}

lint_format() {
  echo "clang-format"
  cpp_files | xargs -r clang-format --dry-run -Werror
  echo "shellcheck"
  shellcheck .ci/run scripts/*.sh
}

lint_rtl() {
  generate
  local package flags=(-Irtl/prim) directory
  for directory in $(find rtl -type d | sort); do
    flags+=(-y "$directory")
  done
  if [[ -f rtl/lint.vlt ]]; then flags+=(rtl/lint.vlt); fi
  # shellcheck disable=SC2207  # file names without spaces
  flags+=($(find rtl -name '*_pkg.sv' | sort))
  # Several configurations at a time; xargs fails if any of them does.
  # shellcheck disable=SC2016  # the inner shell expands them
  for package in "$lint"/sv/*/nc_pkg.sv; do
    echo "$package"
  done | xargs -P "$(nproc)" -I{} bash -c 'package=$1; shift
      echo "verilator -Wall: $(basename "$(dirname "$package")")"
      verilator --lint-only -Wall --assert -Wno-SYNCASYNCNET "$package" "$@"' \
    bash {} "${flags[@]}" "$(find rtl -name "$top.sv")" --top-module "$top"
}

lint_synthesis() {
  generate
  local sources
  # shellcheck disable=SC2207  # file names without spaces
  sources=($(find rtl -name '*_pkg.sv' | sort) $(find rtl -name '*.sv' ! -name '*_pkg.sv' | sort))
  echo "yosys: mapping $top of the ulx3s configuration to ECP5"
  python3 scripts/ecp5_usage.py --top "$top" --limit "${NEURON_SYNTHESIS_SECONDS:-420}" \
    --work "$lint/ecp5" "$lint/sv/ulx3s/nc_pkg.sv" "${sources[@]}"
}

lint_tidy() {
  local files
  # shellcheck disable=SC2086  # a list of directories
  files=$(find $tidy_dirs -name '*.cpp' | sort | while read -r file; do
    if grep -q "/$file\"" $build/compile_commands.json; then echo "$file"; fi
  done)
  echo "clang-tidy: $(echo "$files" | wc -w) files"
  echo "$files" | xargs -r -n 1 -P "$(nproc)" clang-tidy --quiet -p "$build" 2>/dev/null
}

for part in "${@:-format rtl synthesis tidy}"; do
  for step in $part; do
    "lint_$step"
  done
done
