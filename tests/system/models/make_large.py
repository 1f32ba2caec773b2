#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes models of few layers whose tensors are larger than SBUF, with reference results of ONNX Runtime.

The folder has the layout of a model zoo, as that of make_models.py. Every model of a name that ends in _small is too
large for the configuration sim-small, every other one for sim: in whole, most of them also in parts along one axis.
"""
import argparse
import json
import pathlib

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

import make_models
from make_models import RANDOM, constant, tensor, weights

FLOATS = {"fp32": {"abs": [2e-4], "rel": 1e-3}, "reduced": {"relative_l2": [0.02]}}
NODE = helper.make_node


def model(name, nodes, shapes, output, initializers=(), kinds=None):
    """Inputs x0, x1, .. of `shapes`; output y."""
    kinds = kinds or [TensorProto.FLOAT] * (len(shapes) + 1)
    inputs = [tensor(f"x{i}", shape, kind) for i, (shape, kind) in enumerate(zip(shapes, kinds))]
    return make_models.model(name, nodes, inputs, [tensor("y", output, kinds[-1])], list(initializers))


def size(length, kernel, stride, pad, dilation=1):
    return (length + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1


def convolution(name, shape, outputs, kernel, stride=1, group=1, dilation=1):
    """One convolution with as much padding as keeps a picture's size at stride 1."""
    spatial = len(shape) - 2
    kernel = [1] * (spatial - 1) + [kernel] if isinstance(kernel, int) and spatial == 1 else [kernel] * spatial
    pads = [dilation * (k // 2) for k in kernel]
    filters = weights("w", outputs, shape[1] // group, *kernel, scale=(shape[1] // group * np.prod(kernel)) ** -0.5)
    nodes = [NODE("Conv", ["x0", "w", "b"], ["c"], "conv", kernel_shape=kernel, pads=pads * 2, group=group,
                  strides=[stride] * spatial, dilations=[dilation] * spatial), NODE("Relu", ["c"], ["y"], "relu")]
    output = [size(n, k, stride, p, dilation) for n, k, p in zip(shape[2:], kernel, pads)]
    return model(name, nodes, [shape], [shape[0], outputs, *output], [filters, weights("b", outputs)])


def quantised_convolution(name, channels, height, width, outputs):
    """Convolution, requantised, and a residual addition, on 8-bit integers."""
    initializers = [
        constant("s", 0.02), constant("z", 3, np.uint8), constant("cs", 0.05), constant("cz", 120, np.uint8),
        constant("w", RANDOM.integers(-127, 128, (outputs, channels, 3, 3)), np.int8),
        constant("ws", RANDOM.uniform(0.2, 0.5, outputs) / (channels * 9) ** 0.5 / 64),
        constant("wz", np.zeros(outputs), np.int8),
    ]
    nodes = [
        NODE("DequantizeLinear", ["x0", "s", "z"], ["xf"], "x_real"),
        NODE("DequantizeLinear", ["w", "ws", "wz"], ["wf"], "filters_real", axis=0),
        NODE("Conv", ["xf", "wf"], ["c"], "conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        NODE("QuantizeLinear", ["c", "cs", "cz"], ["cq"], "conv_stored"),
        NODE("DequantizeLinear", ["cq", "cs", "cz"], ["cf"], "conv_real"),
        NODE("Add", ["xf", "cf"], ["sum"], "residual"),
        NODE("QuantizeLinear", ["sum", "cs", "cz"], ["y"], "stored"),
    ]
    shape = [1, channels, height, width]
    return model(name, nodes, [shape], [1, outputs, height, width], initializers, [TensorProto.UINT8] * 2)


def residual(name, channels, height, width):
    """Two convolutions around a rectifier, and the addition of what went in."""
    scale = (channels * 9) ** -0.5
    nodes = [
        NODE("Conv", ["x0", "w0"], ["c0"], "first", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        NODE("Relu", ["c0"], ["r0"], "relu"),
        NODE("Conv", ["r0", "w1"], ["c1"], "second", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        NODE("Add", ["c1", "x0"], ["y"], "residual"),
    ]
    shape = [1, channels, height, width]
    filters = [weights(f"w{i}", channels, channels, 3, 3, scale=scale) for i in range(2)]
    return model(name, nodes, [shape], shape, filters)


def attention(name, heads, tokens, features, width=None):
    """Scores of each head, softmax and the mixed values, from queries, keys and values as inputs."""
    width = width or features
    nodes = [
        NODE("Transpose", ["x1"], ["keys"], "keys", perm=[0, 1, 3, 2]),
        NODE("MatMul", ["x0", "keys"], ["scores"], "scores"),
        NODE("Mul", ["scores", "scale"], ["scaled"], "scale"),
        NODE("Softmax", ["scaled"], ["weights"], "softmax", axis=3),
        NODE("MatMul", ["weights", "x2"], ["y"], "mix"),
    ]
    shape = [1, heads, tokens, features]
    return model(name, nodes, [shape, shape, [1, heads, tokens, width]], [1, heads, tokens, width],
                 [constant("scale", features ** -0.5)])


def product(name, rows, inner, columns):
    """The product of two computed matrices."""
    nodes = [NODE("MatMul", ["x0", "x1"], ["m"], "product"), NODE("Mul", ["m", "scale"], ["y"], "scale")]
    return model(name, nodes, [[rows, inner], [inner, columns]], [rows, columns], [constant("scale", inner ** -0.5)])


def linear(name, rows, inner, columns):
    nodes = [NODE("MatMul", ["x0", "w"], ["y"], "linear")]
    return model(name, nodes, [[rows, inner]], [rows, columns], [weights("w", inner, columns, scale=inner ** -0.5)])


def one_node(name, op, shape, output, initializers=(), **attributes):
    names = [value.name for value in initializers]
    nodes = [NODE(op, ["x0", *names], ["y"], op.lower(), **attributes)]
    return model(name, nodes, [shape], output, initializers)


def normalised(name, rows, features):
    nodes = [NODE("LayerNormalization", ["x0", "s", "b"], ["y"], "norm", axis=-1)]
    proto = model.__globals__["helper"].make_graph(
        nodes, name, [tensor("x0", [1, rows, features])], [tensor("y", [1, rows, features])],
        [weights("s", features), weights("b", features)])
    result = helper.make_model(proto, opset_imports=[helper.make_opsetid("", 17)])
    result.ir_version = 8
    return result


def models():
    """(model, tolerance)"""
    return [
        (convolution("conv_wide", [1, 256, 6, 256], 256, 3), FLOATS),
        (convolution("conv_tall", [1, 256, 256, 6], 256, 3), FLOATS),
        (convolution("conv_deep", [1, 1024, 24, 24], 64, 3), FLOATS),
        (convolution("conv_stride", [1, 64, 128, 512], 192, 5, stride=2), FLOATS),
        (convolution("conv_dilated", [1, 96, 40, 400], 96, 3, dilation=4), FLOATS),
        (convolution("conv_groups", [1, 128, 24, 640], 128, 3, group=4), FLOATS),
        (convolution("depthwise", [1, 512, 12, 512], 512, 3, group=512), FLOATS),
        (convolution("one_channel", [1, 1, 384, 512], 8, 3), FLOATS),
        (convolution("one_channel_deep", [1, 1, 384, 512], 64, 5), FLOATS),
        (convolution("one_to_one", [1, 1, 700, 512], 1, 7), FLOATS),
        (convolution("sound", [1, 1, 120000], 48, 401, stride=160), FLOATS),
        (convolution("sound_same", [1, 1, 60000], 4, 31), FLOATS),
        (convolution("picture", [1, 3, 640, 640], 16, 7, stride=2), FLOATS),
        (quantised_convolution("int8_wide", 256, 8, 700, 256), {"max_lsb": 1}),
        (residual("residual", 256, 10, 192), FLOATS),
        (attention("attention_512", 3, 512, 64), {"abs": [2e-3], "rel": 1e-3}),
        (attention("attention_1024", 2, 1024, 64), {"abs": [2e-3], "rel": 1e-3}),
        (attention("attention_long", 1, 3000, 32), {"abs": [2e-3], "rel": 1e-3}),
        (product("product", 1024, 512, 1024), {"abs": [4e-3], "rel": 1e-3}),
        (product("product_deep", 512, 4096, 512), {"abs": [4e-3], "rel": 1e-3}),
        (linear("linear", 512, 4096, 2048), FLOATS),
        (one_node("softmax_rows", "Softmax", [96, 16384], [96, 16384], axis=1), FLOATS),
        (one_node("softmax_columns", "Softmax", [16384, 96], [16384, 96], axis=0), FLOATS),
        (one_node("pool", "MaxPool", [1, 1, 1024, 1024], [1, 1, 512, 512], kernel_shape=[2, 2], strides=[2, 2]), FLOATS),
        (one_node("transpose", "Transpose", [1000, 1200], [1200, 1000], perm=[1, 0]), FLOATS),
        (one_node("sum_rows", "ReduceSum", [64, 256, 300], [64, 300], [constant("axes", [1], np.int64)], keepdims=0), FLOATS),
        (one_node("sum_all", "ReduceMean", [1, 64, 256, 256], [1, 64, 1, 1], axes=[2, 3]), FLOATS),
        (one_node("upsample", "ConvTranspose", [1, 64, 128, 128], [1, 32, 256, 256],
                  [weights("w", 64, 32, 4, 4, scale=0.05)], kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1]), FLOATS),
        (normalised("normalise_small", 512, 768), FLOATS),
    ]


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, metavar="DIRECTORY")
    root = parser.parse_args().directory
    entries = [make_models.write(root, proto, tolerance, cases=1) for proto, tolerance in models()]
    manifest = {"format": 1, "reference": f"onnxruntime {onnxruntime.__version__}", "models": entries}
    (root / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
