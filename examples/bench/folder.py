# SPDX-License-Identifier: Apache-2.0
"""A folder of benchmark networks, in the layout of a model zoo:

    DIRECTORY/manifest.json
    DIRECTORY/models/NAME.onnx
    DIRECTORY/cases/NAME/random/input_0.npy  output_0.npy
"""
import json
import pathlib

NETWORKS = pathlib.Path(__file__).with_name("networks")  # without their weights: NAME.onnx.gz


def manifest(root):
    """The entries of the manifest by name."""
    path = root / "manifest.json"
    if not path.exists():
        return {}
    return {e["name"]: e for e in json.loads(path.read_text(encoding="utf-8"))["models"]}


def is_filled(root, name):
    """Whether the network is here with weights, made from the one in NETWORKS as it is now."""
    source = NETWORKS / f"{name}.onnx.gz"
    last = root / "cases" / name / "random/output_0.npy"  # written last
    return name in manifest(root) and last.exists() and last.stat().st_mtime >= source.stat().st_mtime


def add_to_manifest(root, entry, order, reference):
    """Puts the entry in the place of its name; entries are in the `order` of their names.
    `reference` says what made the outputs."""
    entries = manifest(root) | {entry["name"]: entry}
    text = json.dumps({"format": 1, "reference": reference,
                       "models": [entries[name] for name in order if name in entries]}, indent=1)
    written = root / "manifest.json.new"  # readers need no lock
    written.write_text(text, encoding="utf-8")
    written.replace(root / "manifest.json")
