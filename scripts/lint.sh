#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/lint.sh [format|rtl|synthesis|tidy]...   (default: all)
#
#   format     clang-format on the C++ sources, shellcheck on the scripts
#   rtl        Verilator -Wall on every configuration and a sweep of P
#   synthesis  Yosys reads the ulx3s configuration, maps it to ECP5 and prints what it uses
#   tidy       clang-tidy on NEURON_TIDY_DIRS; needs the release build for generated headers
#
# NEURON_TOP=nc_array scripts/lint.sh rtl looks at one module instead of the whole chip.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/release
lint=build/lint
tidy_dirs=${NEURON_TIDY_DIRS:-base isa driver sim/functional host/ncx host/runtime}
synthesis_limit=${NEURON_SYNTHESIS_SECONDS:-900}
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
  local sweep=() p lanes
  for p in 4 8 12 20 32 64 128; do
    lanes=4
    sweep+=(--config-from "p$p=sim:p=$p,vector_lanes=$lanes,scalar_lanes=$lanes")
    sweep+=(--config-from "p${p}m9=tiny:p=$p,vector_lanes=$p,scalar_lanes=$p")
  done
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
  local log=$lint/yosys.log sources
  sources="$(find rtl -name '*_pkg.sv' | sort | tr '\n' ' ')"
  sources+=$(find rtl -name '*.sv' ! -name '*_pkg.sv' | sort | tr '\n' ' ')
  echo "yosys: reading the ulx3s configuration"
  local read="read_verilog -sv -Irtl/prim $lint/sv/ulx3s/nc_pkg.sv $sources"
  yosys -q -e 'implicitly declared' -l "$log" -p "$read; hierarchy -check -top $top"
  echo "yosys: synth_ecp5, at most $synthesis_limit seconds"
  local status=0
  timeout "$synthesis_limit" yosys -q -e 'implicitly declared' -l "$log" \
    -p "$read; synth_ecp5 -top $top; tee -o $lint/ulx3s.stat stat" || status=$?
  if [[ $status -eq 124 ]]; then
    echo "yosys: not finished in $synthesis_limit seconds; no figures (see $log)"
  elif [[ $status -ne 0 ]]; then
    tail -20 "$log"
    return "$status"
  else
    python3 scripts/ecp5_usage.py "$lint/ulx3s.stat"
  fi
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
