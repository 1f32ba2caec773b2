#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a sequence of the zoo in double precision and compares it with the stored reference.

A network that quantises values inside turns a difference of one rounding into a whole step where a
value lies between two steps. Where double precision misses the reference's tolerance too, the
reference has rounded such a value the other way, and exact arithmetic cannot agree with it.

Prints for each step the largest difference in units of what is allowed, over all outputs: from the
stored states, and with states carried from step to step. Above 1 the tolerance is missed.
"""
import argparse
import json
import pathlib

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun


def per_axis(values, axis, rank):
    return values if values.ndim == 0 else values.reshape([-1 if i == axis else 1 for i in range(rank)])


class QuantizeLinear(OpRun):
    """Rounds half to even and saturates; the steps stay a double."""

    def _run(self, x, scale, zero_point, axis=1, **_):
        info = np.iinfo(zero_point.dtype)
        steps = np.rint(x / per_axis(scale, axis, x.ndim)) + per_axis(zero_point.astype(float), axis, x.ndim)
        return (np.clip(steps, info.min, info.max).astype(float),)


class DequantizeLinear(OpRun):
    def _run(self, x, scale, zero_point=None, axis=1, **_):
        zero = np.zeros(()) if zero_point is None else zero_point.astype(float)
        return ((x.astype(float) - per_axis(zero, axis, x.ndim)) * per_axis(scale, axis, x.ndim),)


def in_doubles(path):
    """The model with every float constant and type widened."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32:
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float64), tensor.name))
    for value in list(model.graph.input) + list(model.graph.output):
        kind = value.type.tensor_type
        kind.elem_type = onnx.TensorProto.DOUBLE if kind.elem_type == onnx.TensorProto.FLOAT else kind.elem_type
    del model.graph.value_info[:]
    return ReferenceEvaluator(model, new_ops=[QuantizeLinear, DequantizeLinear])


def arrays(folder, kind):
    count = len(list(folder.glob(f"{kind}_*.npy")))
    return [np.load(folder / f"{kind}_{i}.npy") for i in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zoo", type=pathlib.Path, help="folder with manifest.json")
    parser.add_argument("model")
    parser.add_argument("case")
    arguments = parser.parse_args()
    models = json.loads((arguments.zoo / "manifest.json").read_text())["models"]
    model = next(m for m in models if m["name"] == arguments.model)
    case = next(c for c in model["cases"] if c["name"] == arguments.case)
    tolerance = model["tolerance"].get("fp32", model["tolerance"])
    session = in_doubles(arguments.zoo / model["file"])

    def run(inputs):
        named = {n: a.astype(float) if a.dtype == np.float32 else a for n, a in zip(session.input_names, inputs)}
        return session.run(None, named)

    def worst(outputs, references):
        return max(
            (float((np.abs(a - b) / (allowed + tolerance["rel"] * np.abs(b))).max()), index)
            for index, (a, b, allowed) in enumerate(zip(outputs, references, tolerance["abs"]))
        )

    carried = None
    for step in range(case["steps"]):
        folder = arguments.zoo / case["dir"] / f"step_{step:03}"
        inputs, references = arrays(folder, "input"), arrays(folder, "output")
        alone = run(inputs)
        if carried is not None:
            for target, source in case["carry"].items():
                inputs[int(target)] = carried[source]
        carried = run(inputs)
        texts = ["{:9.3g} at output {:2d}".format(*worst(outputs, references)) for outputs in (alone, carried)]
        print(f"step {step:3d}  from stored states {texts[0]}  carried {texts[1]}", flush=True)


if __name__ == "__main__":
    main()
