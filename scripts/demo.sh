#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/demo.sh [DEVICE]      (default: $NEURON_DEVICE, else rtl)
#
# A trained wake-word detector, compiled from ONNX, listens to two phrases on the Verilated NeuronCore
# and must come to the same verdicts as ONNX Runtime. `make demo` installs what is missing first.
# Everything it makes is under build/demo.
set -euo pipefail
cd "$(dirname "$0")/.."

device=${1:-${NEURON_DEVICE:-rtl}}
bin=build/release/bin
demo=build/demo
models=$demo/models
declare -A phrases=([alexa]="alexa" [light]="turn on the light")
order=(alexa light)
started=$SECONDS

step() {
  printf '\n==== %s\n' "$*"
}

build() {
  step "Building the compiler, the runtime and the simulated device"
  local targets=(neuron wakeword neuron_device_functional)
  if [[ $device == rtl* ]]; then targets+=(neuron_device_rtl); fi
  [[ -f build/release/build.ninja ]] || cmake --preset release
  cmake --build --preset release --target "${targets[@]}"
}

compile() {
  step "Joining the networks, and compiling them for the configuration 'sim'"
  local pairs pair options=()
  pairs=$(build/venv/bin/python scripts/wakeword_join.py "$models/melspectrogram.onnx" \
    "$models/embedding_model.onnx" "$models/alexa_v0.1.onnx" "$demo/listener.onnx")
  for pair in $pairs; do options+=(--state "$pair"); done
  "$bin/neuron" compile "$demo/listener.onnx" "${options[@]}" --output "$demo/listener.ncx"
}

# Recordings of a synthetic voice at 16 kHz.
speak() {
  step "Making speech"
  local name
  for name in "${order[@]}"; do
    flite -voice slt -t "${phrases[$name]}" -o "$demo/$name.wav"
    echo "  $demo/$name.wav: \"${phrases[$name]}\""
  done
}

# Both recordings at the same time, each on a device of its own.
listen() {
  step "Listening on device '$device'"
  local name pids=() failed=0
  for name in "${order[@]}"; do
    rm -f "$demo/$name.json"
    "$bin/wakeword" --model "$demo/listener.ncx" --device "$device" --phrase "${phrases[$name]}" \
      --json "$demo/$name.json" "$demo/$name.wav" >"$demo/$name.txt" &
    pids+=($!)
  done
  trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT INT TERM
  local pid status
  for pid in "${pids[@]}"; do
    status=0
    wait "$pid" || status=$?
    if [[ $status -gt 1 ]]; then failed=1; fi
  done
  trap - EXIT INT TERM
  if [[ $failed -ne 0 ]]; then
    echo "error: the device did not finish; the message is above" >&2
    exit 1
  fi
  for name in "${order[@]}"; do
    echo
    cat "$demo/$name.txt"
  done
}

compare() {
  step "The same with ONNX Runtime"
  local name failed=0
  for name in "${order[@]}"; do
    build/venv/bin/python scripts/wakeword_oracle.py --models "$models" \
      --report "$demo/$name.json" "$demo/$name.wav" || failed=1
  done
  if [[ $failed -ne 0 ]]; then
    echo "error: device and ONNX Runtime differ" >&2
    exit 1
  fi
}

mkdir -p "$demo"
build
step "Models"
scripts/fetch_wakeword.sh "$models"
compile
speak
listen
compare
printf '\nDone in %d s.\n' $((SECONDS - started))
