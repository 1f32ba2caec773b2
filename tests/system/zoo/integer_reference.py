#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a zoo of 8-bit networks whose reference is docs/numerics.md section 7, bit for bit.

Networks of Conv, Gemm, Add, Relu, Clip, AveragePool of whole planes, Transpose and Reshape between
DequantizeLinear and QuantizeLinear, up to a Softmax, whose tables are not written out here. Each
network is there twice: NAME ends with the last integers before the Softmax, NAME_layers has the
integers of every QuantizeLinear as outputs. All must be equal: max_lsb is 0. Sequences are left out.

  integer_reference.py ZOO FOLDER MODEL...
"""
import argparse
import dataclasses
import json
import pathlib
import shutil

import numpy as np
import onnx
from onnx import numpy_helper

FP32 = np.float32


@dataclasses.dataclass
class Stored:
    """Integers whose real value is (stored - zero) * scale; scale and zero may have an axis."""

    stored: np.ndarray  # int64
    scale: np.ndarray  # FP32
    zero: np.ndarray
    axis: int = 1

    def centred(self):
        if self.zero.size == 1:
            return self.stored - int(self.zero.reshape(-1)[0])
        shape = [1] * self.stored.ndim
        shape[self.axis] = -1
        return self.stored - self.zero.reshape(shape)

    def step(self):
        assert self.scale.size == 1
        return FP32(self.scale.reshape(-1)[0])


@dataclasses.dataclass
class Sum:
    """Exact sums of products; their step is input * weight[channel]. Channels lie along axis 1."""

    total: np.ndarray  # int64
    input: float
    weight: np.ndarray  # doubles
    low: float = -np.inf
    high: float = np.inf

    def in_steps(self, step):
        rank = self.total.ndim
        scale = (self.input * self.weight / float(step)).astype(FP32)
        t = self.total.astype(FP32) * scale.reshape([-1 if i == 1 else 1 for i in range(rank)])
        return np.minimum(np.maximum(t, FP32(self.low / float(step))), FP32(self.high / float(step)))


@dataclasses.dataclass
class Addition:
    a: Stored
    b: Stored
    low: float = -np.inf
    high: float = np.inf

    def in_steps(self, step):
        parts = [x.centred().astype(FP32) * FP32(x.step() / step) for x in (self.a, self.b)]
        return np.minimum(np.maximum(parts[0] + parts[1], FP32(self.low / step)), FP32(self.high / step))


@dataclasses.dataclass
class Mean:
    total: np.ndarray  # int64
    count: int
    scale: np.float32

    def in_steps(self, step):
        return self.total.astype(FP32) * FP32(FP32(self.scale / step) / FP32(self.count))


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def bias_steps(bias, scales):
    """The bias in units of the sums."""
    if bias is None:
        return np.zeros(scales.size, np.int64)
    real = bias.stored.astype(float) * bias.scale.astype(float).reshape(-1)
    return np.rint(real / scales).astype(np.int64)


def convolve(node, x, weight, bias=None):
    settings = attributes(node)
    group = settings.get("group", 1)
    top, left, bottom, right = settings.get("pads", [0, 0, 0, 0])
    sy, sx = settings.get("strides", [1, 1])
    dy, dx = settings.get("dilations", [1, 1])
    assert settings.get("auto_pad", b"NOTSET") == b"NOTSET"
    # Doubles hold every sum here exactly.
    data = np.pad(x.centred().astype(float), ((0, 0), (0, 0), (top, bottom), (left, right)))
    w = weight.centred().astype(float)
    batch, channels, height, width = data.shape
    made, depth, ky, kx = w.shape
    rows, columns = (height - (ky - 1) * dy - 1) // sy + 1, (width - (kx - 1) * dx - 1) // sx + 1
    data = data.reshape(batch, group, depth, height, width)
    w = w.reshape(group, made // group, depth, ky, kx)
    total = np.zeros((batch, group, made // group, rows, columns))
    for i in range(ky):
        for j in range(kx):
            y, z = i * dy, j * dx
            part = data[..., y : y + (rows - 1) * sy + 1 : sy, z : z + (columns - 1) * sx + 1 : sx]
            total += np.einsum("bgdyx,gmd->bgmyx", part, w[..., i, j], optimize=True)
    scales = np.broadcast_to(weight.scale.astype(float).reshape(-1), (made,))
    total = total.reshape(batch, made, rows, columns).astype(np.int64)
    total += bias_steps(bias, float(x.step()) * scales).reshape(1, -1, 1, 1)
    return Sum(total, float(x.step()), scales)


def multiply(node, x, weight, bias=None):
    settings = attributes(node)
    assert settings.get("alpha", 1) == 1 and settings.get("beta", 1) == 1 and not settings.get("transA", 0)
    w = weight.centred()
    assert weight.scale.size == 1 or weight.axis == (0 if settings.get("transB", 0) else 1)
    w = w.T if settings.get("transB", 0) else w
    scales = np.broadcast_to(weight.scale.astype(float).reshape(-1), (w.shape[1],))
    total = x.centred() @ w + bias_steps(bias, float(x.step()) * scales)
    return Sum(total, float(x.step()), scales)


def clamp(value, low, high):
    return dataclasses.replace(value, low=float(low), high=float(high))


def whole_plane(node, x):
    settings = attributes(node)
    assert tuple(settings["kernel_shape"]) == x.stored.shape[2:] and not any(settings.get("pads", [0]))
    total = x.centred().sum(axis=(2, 3), keepdims=True)
    return Mean(total, x.stored.shape[2] * x.stored.shape[3], x.step())


def quantize(value, scale, zero):
    step = FP32(scale.reshape(-1)[0])
    if isinstance(value, Stored):
        assert value.step() == step and np.array_equal(value.zero.reshape(-1), zero.reshape(-1))
        return value.stored
    limits = np.iinfo(zero.dtype)
    return np.clip(np.rint(value.in_steps(step)).astype(np.int64) + int(zero), limits.min, limits.max)


class Network:
    def __init__(self, path):
        self.model = onnx.load(path)
        self.constants = {t.name: numpy_helper.to_array(t) for t in self.model.graph.initializer}

    def run(self, inputs):
        """The integers of every QuantizeLinear before a Softmax, by name, in the order of the nodes."""
        values = {value.name: array for value, array in zip(self.model.graph.input, inputs)}
        made = {}
        for node in self.model.graph.node:
            if node.op_type == "Softmax":
                break
            result = self.result(node, [values.get(n, self.constants.get(n)) for n in node.input])
            values[node.output[0]] = result
            if node.op_type == "QuantizeLinear":
                values[node.output[0]] = made[node.output[0]] = result.astype(self.constants[node.input[2]].dtype)
        return made

    def result(self, node, operands):
        kind = node.op_type
        if kind == "DequantizeLinear":
            stored, scale, zero = operands if len(operands) == 3 else operands + [np.zeros((), np.int32)]
            return Stored(stored.astype(np.int64), scale, zero.astype(np.int64), attributes(node).get("axis", 1))
        if kind == "QuantizeLinear":
            return quantize(*operands)
        if kind == "Transpose":
            return dataclasses.replace(operands[0], stored=operands[0].stored.transpose(attributes(node)["perm"]))
        if kind == "Reshape":
            return dataclasses.replace(operands[0], stored=operands[0].stored.reshape(operands[1]))
        rules = {
            "Conv": lambda: convolve(node, *operands),
            "Gemm": lambda: multiply(node, *operands),
            "Add": lambda: Addition(*operands),
            "Relu": lambda: clamp(operands[0], 0, np.inf),
            "Clip": lambda: clamp(*operands),
            "AveragePool": lambda: whole_plane(node, operands[0]),
        }
        return rules[kind]()


def write_model(folder, network, entry, name, outputs):
    """The network with these outputs, and its entry of the manifest."""
    model = onnx.ModelProto()
    model.CopyFrom(network.model)
    del model.graph.output[:]
    for output, array in outputs.items():
        kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        model.graph.output.append(onnx.helper.make_tensor_value_info(output, kind, array.shape))
    onnx.save(model, folder / f"{name}.onnx")
    return {
        "name": name,
        "file": f"{name}.onnx",
        "inputs": entry["inputs"],
        "outputs": [{"name": n, "dtype": str(a.dtype), "shape": list(a.shape)} for n, a in outputs.items()],
        "tolerance": {"max_lsb": 0},
        "cases": [],
    }


def write_network(zoo, folder, entry):
    network = Network(zoo / entry["file"])
    models = {}
    for case in entry["cases"]:
        if "steps" in case:
            continue
        inputs = [np.load(zoo / case["dir"] / f"input_{i}.npy") for i in range(len(entry["inputs"]))]
        layers = network.run(inputs)
        last = dict([list(layers.items())[-1]])
        for name, outputs in ((entry["name"], last), (entry["name"] + "_layers", layers)):
            model = models.setdefault(name, None) or write_model(folder, network, entry, name, outputs)
            models[name] = model
            target = pathlib.Path("cases") / name / case["name"]
            (folder / target).mkdir(parents=True)
            for i in range(len(inputs)):
                shutil.copyfile(zoo / case["dir"] / f"input_{i}.npy", folder / target / f"input_{i}.npy")
            for i, array in enumerate(outputs.values()):
                np.save(folder / target / f"output_{i}.npy", array)
            model["cases"].append({"name": case["name"], "dir": str(target), "kind": "single"})
    return list(models.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zoo", type=pathlib.Path, help="folder with manifest.json")
    parser.add_argument("folder", type=pathlib.Path, help="folder to write to")
    parser.add_argument("models", nargs="+")
    arguments = parser.parse_args()
    entries = {m["name"]: m for m in json.loads((arguments.zoo / "manifest.json").read_text())["models"]}
    models = []
    for name in arguments.models:
        models += write_network(arguments.zoo, arguments.folder, entries[name])
    (arguments.folder / "manifest.json").write_text(json.dumps({"models": models}, indent=1))


if __name__ == "__main__":
    main()
