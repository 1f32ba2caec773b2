#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random small models through `neuron verify`, against ONNX Runtime.

Every model is made from (seed, index) alone: --seed S --first I --count 1 makes one again.
A model that does not agree, or does not compile, is kept with its case in the --keep directory and
printed with the command that repeats it. Exit codes: 0 all agree, 1 some do not, 2 usage.
"""
import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx

from random_model import Builder, Refused
import random_operators as operators

BATCH = 100  # models in one run of `neuron verify`


def float_weights(b, shape, axis):
    depth = max(1, int(np.prod(shape)) // shape[axis])
    return b.normal(*shape, scale=depth**-0.5)


def integer_weights(b, shape, axis):
    """Signed or unsigned 8-bit weights, one scale or one for each index of `axis`."""
    dtype = b.choice([np.int8, np.uint8])
    zero = 0 if dtype == np.int8 else b.integer(100, 156)
    depth = max(1, int(np.prod(shape)) // shape[axis])
    scale = depth**-0.5 / 64 * b.random.uniform(0.5, 2, shape[axis] if b.chance(0.5) else ())
    scale = 2.0 ** np.round(np.log2(scale)) if b.power_of_two else scale
    info = np.iinfo(dtype)
    stored = b.constant(b.random.integers(info.min, info.max + 1, shape), dtype)
    attributes = {"axis": axis} if np.ndim(scale) else {}
    zeros = b.constant(np.full(np.shape(scale), zero), dtype)
    w = b.emit("DequantizeLinear", [stored, b.constant(scale), zeros], **attributes)
    b.scales[w] = np.float32(scale)
    return w


def integer_bias(b, count, x, w):
    """An INT32 bias in steps of the product's scale, or the same values as floats."""
    scale = b.scales[x] * b.scales[w]
    stored = np.round(b.random.normal(0, 1, count) / scale)
    if np.abs(stored).max() > 2**20:
        raise Refused("the bias has too many steps")
    if b.chance(0.3):
        return b.constant(stored * scale)
    attributes = {"axis": 0} if np.ndim(scale) else {}
    return b.emit("DequantizeLinear", [b.constant(stored, np.int32), b.constant(scale)], **attributes)


def start(b):
    """The model's first tensor: images, sequences or rows."""
    rank = b.choice([2, 3, 3, 4, 4, 4])
    channels = b.choice([1, 2, 3, 4, 8, 15, 16, 17, 20, 32, 33])
    shape = {
        2: (b.integer(1, 40), b.integer(1, 90)),
        3: (b.choice([1, 1, 2]), channels, b.choice([b.integer(1, 60), b.integer(100, 600)])),
        4: (b.choice([1, 1, 1, 2, 3]), channels, b.integer(1, 18), b.integer(1, 18)),
    }[rank]
    if np.prod(shape) > 12000:
        return start(b)
    return b.random.normal(0, 1, shape).astype(np.float32)


def grow(b, x, table, length):
    """Appends up to `length` operators drawn from `table`; the last tensor."""
    for _ in range(length):
        for _ in range(20):
            state, usable = b.snapshot(), list(b.usable)
            try:
                y = b.choice(table)(b, x)
            except Refused:
                b.restore(state)
                b.usable = usable
                continue
            x = b.settle(y)
            b.usable.append(x)
            break
    return x


def float_model(b):
    b.quantized = False
    b.weights = lambda shape, axis: float_weights(b, shape, axis)
    b.bias = lambda n, x, w: b.normal(n)
    b.settle = lambda y: y
    x = b.input(start(b))
    b.usable = [x]
    y = grow(b, x, operators.FLOAT, b.integer(1, 6))
    outputs = list(dict.fromkeys([y] + ([b.choice(b.usable[1:])] if b.chance(0.2) and len(b.usable) > 2 else [])))
    if y == x:
        outputs = [b.emit("Relu", [x])]
    return b.finish(outputs, "float", [2e-4 * max(1.0, b.peak)] * len(outputs), 0)


def integer_model(b, power_of_two):
    """Every operator between DequantizeLinear and QuantizeLinear."""
    b.quantized = True
    b.power_of_two = power_of_two
    b.weights = lambda shape, axis: integer_weights(b, shape, axis)
    b.bias = lambda n, x, w: integer_bias(b, n, x, w)
    b.scales = {}
    scales = []

    def settle(y):
        real, scale = b.quantize(y, power_of_two, operators.move_stored)
        scales.append(scale)
        b.scales[real] = scale
        return real

    b.settle = settle
    array = start(b)
    if b.chance(0.5):
        x = settle(b.input(array))
    else:
        dtype = b.choice([np.int8, np.uint8])
        info = np.iinfo(dtype)
        stored = b.input(b.random.integers(info.min, info.max + 1, array.shape).astype(dtype))
        if b.chance(0.3):
            stored = operators.move_stored(b, stored)
        scale = np.float32(2.0**-5 if power_of_two else 0.03)
        x = b.emit("DequantizeLinear", [stored, b.constant(scale), b.constant(b.integer(info.min, info.max), dtype)])
        scales.append(scale)
        b.scales[x] = scale
    b.usable = [x]
    length = b.integer(1, 5) if power_of_two else b.integer(1, 2)
    y = grow(b, x, operators.EXACT, length)
    # ONNX Runtime sums in FP32: each rounding may fall to the other side, by a step of its own tensor.
    last = float(np.min(scales[-1]))
    steps = 0 if power_of_two else sum(max(1, int(np.ceil(float(np.max(scale)) / last))) for scale in scales)
    if b.chance(0.25) and (power_of_two or len(scales) == 1):
        y, steps = grow(b, y, operators.INEXACT, 1), steps + 1
    stored = b.nodes[-1].input[0]
    if b.nodes[-1].op_type == "DequantizeLinear" and stored not in b.inputs and b.chance(0.6):
        b.nodes.pop()
        y = stored
    kind = "exact" if power_of_two else "scaled"
    return b.finish([y], kind, [1.01 * steps * float(scales[-1]) + 1e-6 * max(1.0, b.peak)], steps)


def make_model(seed, index):
    b = Builder(np.random.default_rng([seed, index]))
    kind = b.choice(["float", "float", "exact", "scaled"])
    return float_model(b) if kind == "float" else integer_model(b, kind == "exact")


def write(folder, name, model):
    """Saves a model and its case; its entry in the manifest."""
    (folder / "models").mkdir(parents=True, exist_ok=True)
    onnx.save(model.proto, folder / "models" / f"{name}.onnx")
    case = folder / "cases" / name / "case"
    case.mkdir(parents=True)
    graph = model.proto.graph
    entry = {"name": name, "file": f"models/{name}.onnx"}
    for side, values, arrays in (("input", graph.input, model.inputs), ("output", graph.output, model.outputs)):
        entry[side + "s"] = []
        for i, (value, array) in enumerate(zip(values, arrays)):
            np.save(case / f"{side}_{i}.npy", array)
            entry[side + "s"].append(
                {"name": value.name, "dtype": str(array.dtype), "shape": list(array.shape), "case_shape": list(array.shape)}
            )
    tolerance = {"fp32": {"abs": model.abs, "rel": 1e-3}, "max_lsb": model.max_lsb}
    entry.update(tolerance=tolerance, cases=[{"name": "case", "dir": f"cases/{name}/case"}])
    return entry


def verify(arguments, folder):
    """The rows of `neuron verify` by model name."""
    report = folder / "report.json"
    command = [arguments.neuron, "verify", str(folder), "--device", arguments.device,
               "--precision", arguments.precision, "--json", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not report.exists():
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return {row["model"]: row for row in json.loads(report.read_text())["cases"]}


def write_all(folder, seed, indices):
    """Makes models and writes them with their manifest; the models by name."""
    models = {f"m{i}": make_model(seed, i) for i in indices}
    manifest = {"models": [write(folder, name, model) for name, model in models.items()]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return models


def run_batch(arguments, indices, totals):
    """Makes and runs some models; the failures as (index, message, model)."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        models = write_all(folder, arguments.seed, indices)
        rows = verify(arguments, folder)
        failures = []
        for i, (name, model) in zip(indices, models.items()):
            row = rows[name]
            totals[model.kind] += 1
            totals["host"] += bool(row["host_segments"])
            if row["verdict"] != "pass":
                failures.append((i, row.get("message") or "differs", model))
                if arguments.keep:
                    shutil.copytree(folder / "cases" / name / "case", arguments.keep / name / "case", dirs_exist_ok=True)
                    shutil.copy(folder / "models" / f"{name}.onnx", arguments.keep / name / "model.onnx")
        return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neuron", default="build/release/bin/neuron", help="the command to test")
    parser.add_argument("--device", default="functional?strict=1")
    parser.add_argument("--precision", default="auto", choices=["auto", "fast", "activations", "accurate"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="index of the first model")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--write", type=pathlib.Path, help="only write the models to this directory, with a manifest")
    parser.add_argument("--keep", type=pathlib.Path, help="directory for models that fail")
    arguments = parser.parse_args()
    totals = collections.Counter()
    failed = 0
    last = arguments.first + arguments.count
    if arguments.write:
        write_all(arguments.write, arguments.seed, range(arguments.first, last))
        return 0
    for first in range(arguments.first, last, BATCH):
        for index, message, model in run_batch(arguments, range(first, min(first + BATCH, last)), totals):
            failed += 1
            print(f"FAILED {model.kind} {model.text}\n  {message}")
            print(f"  again: random_graphs.py --seed {arguments.seed} --first {index} --count 1 "
                  f"--precision {arguments.precision}", flush=True)
    kinds = ", ".join(f"{totals[k]} {k}" for k in ("float", "exact", "scaled"))
    print(f"seed {arguments.seed}: {arguments.count} models ({kinds}; {totals['host']} with host segments), {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
