#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmark networks without their weights, which are large and, being random, replaceable.

usage: networks.py strip MODEL.onnx ...    after build_models.py: writes networks/NAME.onnx.gz
       networks.py fill DIRECTORY [NAME ...]   makes those that are missing or older, as a model zoo

What is stripped are the values of weights, scales and biases; their number, mean, standard
deviation, least and greatest value stay, and new ones are drawn from these. Structure, shapes and
what the compiler makes of them are those of build_models.py, whose packages (3 GB) this needs not.
"""
import argparse
import fcntl
import gzip
import pathlib
import sys

import cases
import folder
import numpy as np
import onnx

FEW = 64  # elements that stay as they are
SEED = 7


def strip(path):
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.size <= FEW or values.dtype == np.int64:
            continue
        kept = onnx.TensorProto(name=tensor.name, dims=tensor.dims, data_type=tensor.data_type)
        kept.doc_string = " ".join(f"{float(number):.4g}" for number in (
            values.mean(dtype=float), values.std(dtype=float), values.min(), values.max()))
        tensor.CopyFrom(kept)
    folder.NETWORKS.mkdir(exist_ok=True)
    target = folder.NETWORKS / f"{path.stem}.onnx.gz"
    target.write_bytes(gzip.compress(model.SerializeToString(), 9, mtime=0))
    print(f"{target}: {target.stat().st_size} bytes")


def fill(name, root):
    """The network with random weights, input and reference; returns the manifest's entry."""
    model = onnx.load_from_string(gzip.decompress((folder.NETWORKS / f"{name}.onnx.gz").read_bytes()))
    random = np.random.default_rng(SEED)
    for tensor in model.graph.initializer:
        if tensor.doc_string:
            mean, deviation, low, high = map(float, tensor.doc_string.split())
            kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
            drawn = random.standard_normal(list(tensor.dims), np.float32) * deviation + mean
            values = np.clip(drawn if kind == np.float32 else np.rint(drawn), low, high)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(kind), tensor.name))
    path = root / "models" / f"{name}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    port = model.graph.input[0].type.tensor_type
    shape = [size.dim_value for size in port.shape.dim]
    if port.elem_type == onnx.TensorProto.INT8:
        return cases.write(root, name, random.integers(-127, 128, shape).astype(np.int8))
    return cases.write(root, name, random.standard_normal(shape, np.float32))


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    stripping = commands.add_parser("strip")
    stripping.add_argument("models", nargs="+", type=pathlib.Path)
    filling = commands.add_parser("fill")
    filling.add_argument("directory", type=pathlib.Path)
    filling.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    if arguments.command == "strip":
        for path in arguments.models:
            strip(path)
        return 0
    there = sorted(path.name.removesuffix(".onnx.gz") for path in folder.NETWORKS.glob("*.onnx.gz"))
    unknown = set(arguments.names) - set(there)
    if unknown:
        parser.error(f"no network {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    arguments.directory.mkdir(parents=True, exist_ok=True)
    with (arguments.directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in arguments.names or there:
            if not folder.is_filled(arguments.directory, name):
                entry = fill(name, arguments.directory)
                folder.add_to_manifest(arguments.directory, entry, there, cases.REFERENCE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
