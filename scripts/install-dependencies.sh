#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what cmake/packages.txt and requirements.txt name and this machine lacks. Says what it
# does; does nothing when all is there. Debian packages need root or sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

# "name=version" lines without comments.
packages() {
  sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' cmake/packages.txt
}

installed_version() {
  local status
  status=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null) || return 0
  if [[ $status == "installed "* ]]; then
    echo "${status#installed }"
  fi
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    echo "error: run this as root, or install sudo; missing Debian packages: ${missing[*]}" >&2
    exit 1
  fi
}

install_debian() {
  missing=()
  local entry name version have
  while read -r entry; do
    name=${entry%%=*}
    [[ -n $(installed_version "$name") ]] || missing+=("$name")
  done < <(packages)
  if [[ ${#missing[@]} -gt 0 ]]; then
    echo "Installing Debian packages: ${missing[*]}"
    if ! as_root apt-get install -y --no-install-recommends "${missing[@]}"; then
      echo "Package lists may be old: updating them and trying once more"
      as_root apt-get update
      as_root apt-get install -y --no-install-recommends "${missing[@]}"
    fi
  fi
  while read -r entry; do
    name=${entry%%=*}
    version=${entry#"$name"}
    version=${version#=}
    have=$(installed_version "$name")
    if [[ $have != "$version"* ]]; then
      echo "note: $name is version $have; this tree is tested with $version"
    fi
  done < <(packages)
}

# build/venv, made again when requirements.txt has changed.
install_python() {
  local venv=build/venv
  if cmp -s requirements.txt $venv/requirements.installed.txt && [[ -x $venv/bin/python ]]; then
    return
  fi
  echo "Installing Python packages into $venv"
  rm -rf $venv
  mkdir -p build
  if /usr/bin/python3 -m venv $venv &&
    $venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt; then
    cp requirements.txt $venv/requirements.installed.txt
  else
    rm -rf $venv
    echo "warning: no Python packages (is there a network?): tests against ONNX Runtime will be" \
      "skipped and the demo cannot fetch its models" >&2
  fi
}

install_debian
install_python
