#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes models of few layers whose tensors are larger than SBUF, with reference results of ONNX Runtime.

The folder has the layout of a model zoo, as that of make_models.py. Models of names that end in _small do not fit the
configuration sim-small whole, the others not sim; many do not even fit in parts along one axis.
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
# Of thousands of elements that add up to one, each is small.
SHARES = {"fp32": {"abs": [1e-6], "rel": 1e-3}, "reduced": {"relative_l2": [0.02]}}
# Products of two computed tensors have operands of 18 bits (docs/numerics.md).
MIXED = {"abs": [4e-3], "rel": 1e-3}
NODE = helper.make_node
WITH_LAYER_NORMALIZATION = 17  # operator set


def model(name, nodes, shapes, output, initializers=(), kinds=None, opset=make_models.OPSET):
    """Inputs x0, x1, .. of `shapes`; output y."""
    kinds = kinds or [TensorProto.FLOAT] * (len(shapes) + 1)
    inputs = [tensor(f"x{i}", shape, kind) for i, (shape, kind) in enumerate(zip(shapes, kinds))]
    return make_models.model(name, nodes, inputs, [tensor("y", output, kinds[-1])], list(initializers), opset)


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


def one_node(name, op, shape, output, initializers=(), opset=make_models.OPSET, **attributes):
    names = [value.name for value in initializers]
    nodes = [NODE(op, ["x0", *names], ["y"], op.lower(), **attributes)]
    return model(name, nodes, [shape], output, initializers, opset=opset)


def softmax(name, rows, length):
    return one_node(name, "Softmax", [rows, length], [rows, length], axis=1)


def instance_normalised(name, channels, length):
    shape = [1, channels, length]
    return one_node(name, "InstanceNormalization", shape, shape, [weights("s", channels), weights("b", channels)])


def normalised(name, rows, features):
    shape = [1, rows, features]
    scale = [weights("s", features), weights("b", features)]
    return one_node(name, "LayerNormalization", shape, shape, scale, WITH_LAYER_NORMALIZATION, axis=-1)


def encoder(name, tokens, features, heads):
    """Attention with its projections, the addition of what went in, and the normalisation of the sum."""
    depth = features // heads
    nodes, initializers = [], [
        constant("split", [1, tokens, heads, depth], np.int64), constant("joined", [1, tokens, features], np.int64),
        constant("scale", depth ** -0.5), weights("s", features), weights("b", features),
    ]

    def linear_layer(x, what):
        initializers.append(weights(f"{what}_w", features, features, scale=features ** -0.5))
        nodes.append(NODE("MatMul", [x, f"{what}_w"], [what], what))

    for what, perm in ("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]):
        linear_layer("x0", what)
        nodes.append(NODE("Reshape", [what, "split"], [f"{what}_split"], f"{what}_split"))
        nodes.append(NODE("Transpose", [f"{what}_split"], [f"{what}_heads"], f"{what}_heads", perm=perm))
    nodes += [
        NODE("MatMul", ["query_heads", "key_heads"], ["scores"], "scores"),
        NODE("Mul", ["scores", "scale"], ["scaled"], "scale"),
        NODE("Softmax", ["scaled"], ["weights"], "softmax", axis=-1),
        NODE("MatMul", ["weights", "value_heads"], ["mixed"], "mix"),
        NODE("Transpose", ["mixed"], ["mixed_tokens"], "mixed_tokens", perm=[0, 2, 1, 3]),
        NODE("Reshape", ["mixed_tokens", "joined"], ["context"], "context"),
    ]
    linear_layer("context", "projected")
    nodes += [
        NODE("Add", ["projected", "x0"], ["sum"], "residual"),
        NODE("LayerNormalization", ["sum", "s", "b"], ["y"], "norm", axis=-1),
    ]
    shape = [1, tokens, features]
    return model(name, nodes, [shape], shape, initializers, opset=WITH_LAYER_NORMALIZATION)


def models():
    """(model, tolerance)"""
    return [
        # For sim.
        (convolution("conv_wide", [1, 256, 4, 256], 256, 3), FLOATS),
        (convolution("one_channel", [1, 1, 384, 512], 8, 3), FLOATS),
        (attention("attention_512", 2, 512, 64), MIXED),
        (product("product", 512, 512, 1024), MIXED),
        *[(softmax(f"softmax_{length}", 8, length), SHARES) for length in (6144, 6145, 16384)],
        *[(normalised(f"normalise_{length}", 8, length), FLOATS) for length in (2048, 2049, 8192)],
        # For sim-small.
        (convolution("conv_tall_small", [1, 96, 96, 6], 80, 3), FLOATS),
        (convolution("conv_deep_small", [1, 512, 10, 10], 48, 3), FLOATS),
        (convolution("conv_stride_small", [1, 48, 40, 150], 64, 5, stride=2), FLOATS),
        (convolution("conv_dilated_small", [1, 48, 20, 100], 48, 3, dilation=4), FLOATS),
        (convolution("conv_groups_small", [1, 64, 12, 150], 64, 3, group=4), FLOATS),
        (convolution("depthwise_small", [1, 160, 8, 200], 160, 3, group=160), FLOATS),
        (convolution("one_channel_small", [1, 1, 140, 220], 24, 5), FLOATS),
        (convolution("one_to_one_small", [1, 1, 160, 200], 1, 7), FLOATS),
        (convolution("sound_small", [1, 1, 20000], 40, 401, stride=160), FLOATS),
        (convolution("sound_same_small", [1, 1, 9000], 4, 31), FLOATS),
        (convolution("picture_small", [1, 3, 200, 200], 16, 7, stride=2), FLOATS),
        (quantised_convolution("int8_small", 128, 6, 220, 128), {"max_lsb": 1}),
        (residual("residual_small", 64, 12, 100), FLOATS),
        (attention("attention_small", 2, 160, 32), MIXED),
        (attention("attention_long_small", 1, 500, 16), MIXED),
        (attention("attention_800_small", 2, 800, 16), MIXED),
        (product("product_small", 160, 300, 200), MIXED),
        (linear("linear_small", 96, 700, 500), FLOATS),
        (one_node("softmax_rows_small", "Softmax", [200, 600], [200, 600], axis=1), FLOATS),
        (one_node("softmax_columns_small", "Softmax", [600, 200], [600, 200], axis=0), FLOATS),
        (one_node("pool_small", "MaxPool", [1, 1, 300, 300], [1, 1, 150, 150], kernel_shape=[2, 2], strides=[2, 2]), FLOATS),
        (one_node("transpose_small", "Transpose", [300, 400], [400, 300], perm=[1, 0]), FLOATS),
        (one_node("sums_small", "ReduceSum", [30, 64, 90], [30, 90], [constant("axes", [1], np.int64)], keepdims=0), FLOATS),
        (one_node("mean_small", "ReduceMean", [1, 48, 80, 80], [1, 48, 1, 1], axes=[2, 3]), FLOATS),
        (one_node("upsample_small", "ConvTranspose", [1, 32, 40, 40], [1, 24, 80, 80], [weights("w", 32, 24, 4, 4, scale=0.05)],
                  kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1]), FLOATS),
        (normalised("normalise_small", 300, 256), FLOATS),
        # Rows of which a partition of SBUF holds few, or not one.
        *[(softmax(f"softmax_{length}_small", 8, length), SHARES) for length in (768, 769, 1024, 4096, 16384)],
        (one_node("softmax_long_columns_small", "Softmax", [3000, 24], [3000, 24], axis=0), SHARES),
        *[(normalised(f"normalise_{length}_small", 20, length), FLOATS) for length in (257, 768, 2048, 8192)],
        (instance_normalised("normalise_channels_small", 24, 5000), FLOATS),
        (encoder("encoder_small", 128, 768, 12), MIXED),
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
