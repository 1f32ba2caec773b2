#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install_test.sh BUILD SOURCE WRITE_SAMPLE LIBDIR
# Installs the runtime to a temporary prefix, moves that elsewhere, and builds and runs the C and C++
# examples against it, with find_package and with pkg-config.
set -eu
build=$1
source=$2
write_sample=$3
libdir=$4

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "install_test: $*" >&2
  exit 1
}

cmake --install "$build" --component runtime --prefix "$work/installed" > "$work/log" 2>&1 ||
  { cat "$work/log" >&2; fail "cmake --install"; }
mv "$work/installed" "$work/moved"
prefix=$work/moved
test ! -e "$prefix/include/neuron/isa.h" || fail "a private header was installed"
"$write_sample" "$work"

# $1: a program. It must find class 0 on the functional device and report errors by exit code.
check_program() {
  answer=$("$1" "$work/sample.ncx" "$work/input.bin" functional) || fail "$1 failed"
  echo "$answer" | grep -q '^class 0' || fail "$1 printed: $answer"
  echo "$answer" | grep -q 'cycles (modelled)' || fail "$1 printed: $answer"
  if "$1" "$work/input.bin" "$work/input.bin" functional 2> "$work/error"; then
    fail "$1 accepted a file that is no package"
  fi
  grep -q 'not a kernel package' "$work/error" || fail "$1 said: $(cat "$work/error")"
}

for language in c cpp; do
  cmake -S "$source/examples/$language" -B "$work/cmake-$language" \
    -DCMAKE_PREFIX_PATH="$prefix" > "$work/log" 2>&1 &&
    cmake --build "$work/cmake-$language" >> "$work/log" 2>&1 ||
    { cat "$work/log" >&2; fail "find_package build of examples/$language"; }
  check_program "$work/cmake-$language/classify"
done

export PKG_CONFIG_PATH="$prefix/$libdir/pkgconfig"
flags=$(pkg-config --cflags --libs neuron) || fail "pkg-config"
# The flags are several words.
# shellcheck disable=SC2086
cc -std=c99 -Wall -Wextra -Werror -o "$work/classify-c" "$source/examples/c/classify.c" $flags
# shellcheck disable=SC2086
c++ -std=c++17 -Wall -Wextra -Werror -o "$work/classify-cpp" \
  "$source/examples/cpp/classify.cpp" $flags
export LD_LIBRARY_PATH="$prefix/$libdir"
check_program "$work/classify-c"
check_program "$work/classify-cpp"
echo "examples build and run against the installed tree"
