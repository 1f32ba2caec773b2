#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a case of the zoo in double precision and compares it with the stored reference.

A network that quantises values inside turns a difference of one rounding into a whole step where a
value lies between two steps. Where double precision misses the reference's tolerance too, the
reference has rounded such a value the other way, and exact arithmetic cannot agree with it.

Prints for each step the largest difference over all outputs, in units of what is allowed (above 1
the tolerance is missed), or in steps where the outputs are integers. A sequence is run from its
stored states and with states carried from step to step; any other case has one step.

  --runtime        the same for ONNX Runtime itself: its integer kernels, and its fused FP32 kernels
  --write FOLDER   writes a zoo with this model and case alone whose reference is double precision,
                   the states carried; `neuron verify FOLDER` compares with that. It has no `check`:
                   every output has to be within the element-wise tolerance.
"""
import argparse
import json
import pathlib
import shutil

import numpy as np
import onnx
import onnxruntime
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


class Doubles:
    """The network in double precision."""

    def __init__(self, path):
        self.session = in_doubles(path)

    def __call__(self, inputs):
        widened = [a.astype(float) if a.dtype == np.float32 else a for a in inputs]
        return self.session.run(None, dict(zip(self.session.input_names, widened)))


class Runtime:
    """ONNX Runtime with all its optimisations, one thread."""

    def __init__(self, path, **settings):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        for name, value in settings.items():
            options.add_session_config_entry("session." + name, value)
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.names = [value.name for value in self.session.get_inputs()]

    def __call__(self, inputs):
        return self.session.run(None, dict(zip(self.names, inputs)))


class Case:
    """A case of the zoo: its stored steps, and what may differ from them."""

    def __init__(self, zoo, model, case):
        self.zoo = zoo
        models = json.loads((zoo / "manifest.json").read_text())["models"]
        self.model = next(m for m in models if m["name"] == model)
        self.case = next(c for c in self.model["cases"] if c["name"] == case)
        self.tolerance = self.model["tolerance"].get("fp32", self.model["tolerance"])

    def folder(self, step):
        folder = pathlib.Path(self.case["dir"])
        return folder / f"step_{step:03}" if "steps" in self.case else folder

    def share(self, index, output, reference):
        """The largest difference of output `index`."""
        difference = np.abs(output.astype(float) - reference)
        if np.issubdtype(reference.dtype, np.integer):
            return float(difference.max())
        allowed = self.tolerance["abs"][index] + self.tolerance["rel"] * np.abs(reference)
        return float((difference / allowed).max())

    def worst(self, outputs, references):
        shares = [self.share(i, *pair) for i, pair in enumerate(zip(outputs, references))]
        return f"{max(shares):9.3g} at output {int(np.argmax(shares)):2d}"

    def compare(self, run, each=lambda step, inputs, outputs: None):
        """Prints the differences of all steps; `each` gets a step's inputs and outputs, carried."""
        carry = self.case.get("carry", {})
        carried = []
        for step in range(self.case.get("steps", 1)):
            inputs, references = (arrays(self.zoo / self.folder(step), kind) for kind in ("input", "output"))
            alone = run(inputs)
            text = f"step {step:3d}  from stored inputs {self.worst(alone, references)}"
            if carry and step > 0:
                for target, source in carry.items():
                    inputs[int(target)] = carried[source]
                carried = run(inputs)
            else:
                carried = alone
            if carry:
                text += f"  carried {self.worst(carried, references)}"
            print(text, flush=True)
            each(step, inputs, carried)

    def write(self, folder, step, inputs, outputs):
        """A step of the zoo in `folder`."""
        target = folder / self.folder(step)
        target.mkdir(parents=True, exist_ok=True)
        for kind, values in (("input", inputs), ("output", outputs)):
            for index, (value, stored) in enumerate(zip(values, arrays(self.zoo / self.folder(step), kind))):
                np.save(target / f"{kind}_{index}.npy", np.asarray(value, dtype=stored.dtype))

    def write_model(self, folder):
        target = folder / self.model["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.zoo / self.model["file"], target)
        case = {key: value for key, value in self.case.items() if key != "check"}
        manifest = {"models": [{**self.model, "cases": [case]}]}
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zoo", type=pathlib.Path, help="folder with manifest.json")
    parser.add_argument("model")
    parser.add_argument("case")
    parser.add_argument("--runtime", action="store_true")
    parser.add_argument("--write", type=pathlib.Path, metavar="FOLDER")
    arguments = parser.parse_args()
    case = Case(arguments.zoo, arguments.model, arguments.case)
    path = arguments.zoo / case.model["file"]
    print("double precision")
    if arguments.write:
        case.write_model(arguments.write)
        case.compare(Doubles(path), lambda *step: case.write(arguments.write, *step))
    else:
        case.compare(Doubles(path))
    if arguments.runtime:
        # Without the first setting x86 processors that lack VNNI saturate sums of two products.
        print(f"ONNX Runtime {onnxruntime.__version__}, integer kernels")
        case.compare(Runtime(path, x64quantprecision="1"))
        print(f"ONNX Runtime {onnxruntime.__version__}, FP32 kernels, fused")
        case.compare(Runtime(path, disable_quant_qdq="1"))


if __name__ == "__main__":
    main()
