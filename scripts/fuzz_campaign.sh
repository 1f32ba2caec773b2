#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/fuzz_campaign.sh [option of fuzz_isa]...
#
# Builds fuzz_isa for long runs on the configuration tiny, in build/campaign, and runs it: without
# waves, and compiled by the profile of some programs, which is taken again when a source under rtl
# or sim/rtl is newer than it. A campaign is split by seed ranges, one process each:
#   scripts/fuzz_campaign.sh --seed 1     --count 50000 > campaign1.log &
#   scripts/fuzz_campaign.sh --seed 50001 --count 50000 > campaign2.log &
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/campaign
profile=$PWD/$build/profile
program=$build/bin/fuzz_isa
# The compiler's cache does not see profiles.
export CCACHE_DISABLE=1

# compile MODEL_FLAGS LINK_FLAGS
compile() {
  cmake --preset campaign "-DNEURON_RTL_CXX_FLAGS=$1" "-DCMAKE_EXE_LINKER_FLAGS=$2" >"$build.log"
  cmake --build --preset campaign --target fuzz_isa >>"$build.log" || {
    tail -30 "$build.log" >&2
    return 1
  }
}

mkdir -p build
exec 9>"$build.lock"
flock 9
if [[ ! -d $profile || -n $(find rtl sim/rtl -newer "$profile" -type f -print -quit) ]]; then
  echo "fuzz_campaign: profiling; the compiler's output is in $build.log" >&2
  rm -rf "$profile"
  compile "-fprofile-generate=$profile" "-fprofile-generate"
  "$program" --seed 900001 --count 60
fi
compile "-fprofile-use=$profile;-Wno-missing-profile" ""
flock -u 9
exec "$program" "$@" 9>&-
