#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trains, quantises and runs the digits network; arguments go to digits.py. Makes build/quantise-venv
# when it is missing, unless NEURON_NO_INSTALL is set: then it exits with 77.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=$root/build/quantise-venv
if [[ ! -x $venv/bin/python ]] || ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
  if [[ -n ${NEURON_NO_INSTALL:-} ]]; then
    echo "skipped: $venv does not have the packages of examples/quantise/requirements.txt;" \
      "examples/quantise/run.sh installs them"
    exit 77
  fi
  echo "Installing Python packages into $venv"
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/installed.txt"
fi
exec "$venv/bin/python" "$here/digits.py" "$@"
