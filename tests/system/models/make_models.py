#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small ONNX models and reference results of ONNX Runtime in the layout of a model zoo.

    DIRECTORY/manifest.json
    DIRECTORY/models/NAME.onnx
    DIRECTORY/cases/NAME/CASE/input_0.npy ..  output_0.npy ..
    DIRECTORY/cases/NAME/CASE/step_000/ ..    (sequences: one folder per step)

Weights and inputs are random with a fixed seed, so the files are the same on every run.
"""
import argparse
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
RANDOM = np.random.default_rng(20)


def constant(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def weights(name, *shape, scale=0.3):
    return constant(name, RANDOM.normal(0, scale, shape))


def tensor(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def model(name, nodes, inputs, outputs, initializers, opset=OPSET):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    result.ir_version = 8
    onnx.checker.check_model(result, full_check=True)
    return result


def convolutions():
    """Strides, pads, dilation, depthwise, residual addition, pooling and a classifier."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w0", "b0"], ["c0"], "stem", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["c0"], ["r0"], "stem_relu"),
        node("Conv", ["r0", "w1"], ["c1"], "depthwise", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=20),
        node("LeakyRelu", ["c1"], ["r1"], "leaky", alpha=0.1),
        node("Conv", ["r1", "w2", "b2"], ["c2"], "pointwise", kernel_shape=[1, 1]),
        node("Add", ["c2", "r0"], ["sum"], "residual"),
        node("MaxPool", ["sum"], ["pool"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["pool", "w3"], ["c3"], "dilated", kernel_shape=[3, 3], dilations=[2, 2], pads=[2, 2, 2, 2]),
        node("GlobalAveragePool", ["c3"], ["mean"], "mean"),
        node("Flatten", ["mean"], ["flat"], "flatten"),
        node("Gemm", ["flat", "w4", "b4"], ["logits"], "classifier", transB=1),
        node("Softmax", ["logits"], ["y"], "softmax", axis=1),
    ]
    initializers = [
        weights("w0", 20, 3, 3, 3), weights("b0", 20), weights("w1", 20, 1, 3, 3),
        weights("w2", 20, 20, 1, 1), weights("b2", 20), weights("w3", 33, 20, 3, 3, scale=0.1),
        weights("w4", 10, 33), weights("b4", 10),
    ]
    return model("convolutions", nodes, [tensor("x", [1, 3, 18, 18])], [tensor("y", [1, 10])], initializers)


def sequence():
    """One-dimensional convolution, elementwise operators and reductions, with a free dimension."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w0", "b0"], ["c0"], "temporal", kernel_shape=[5], strides=[2], pads=[2, 2]),
        node("Sigmoid", ["c0"], ["gate"], "gate"),
        node("Mul", ["c0", "gate"], ["silu"], "silu"),
        node("Transpose", ["silu"], ["rows"], "transpose", perm=[0, 2, 1]),
        node("MatMul", ["rows", "w1"], ["mixed"], "mix"),
        node("Tanh", ["mixed"], ["bounded"], "tanh"),
        node("ReduceMax", ["bounded"], ["peak"], "peak", axes=[1], keepdims=1),
        node("Sub", ["bounded", "peak"], ["below"], "below"),
        node("Exp", ["below"], ["y"], "exp"),
    ]
    initializers = [weights("w0", 24, 8, 5), weights("b0", 24), weights("w1", 24, 17)]
    return model("sequence", nodes, [tensor("x", ["batch", 8, 40])], [tensor("y", ["batch", 20, 17])], initializers)


def quantised():
    """Convolution and classifier on 8-bit integers, per-channel weights, odd zero-points."""
    node = helper.make_node
    filters = RANDOM.integers(-127, 128, (18, 5, 3, 3))
    matrix = RANDOM.integers(-127, 128, (7, 18))
    initializers = [
        constant("xs", 0.02), constant("xz", 3, np.uint8),
        constant("w0", filters, np.int8), constant("w0s", RANDOM.uniform(0.001, 0.004, 18)),
        constant("w0z", np.zeros(18), np.int8),
        constant("b0", RANDOM.integers(-2000, 2000, 18), np.int32),
        constant("cs", 0.05), constant("cz", 117, np.uint8),
        constant("w1", matrix, np.int8), constant("w1s", 0.003), constant("w1z", 0, np.int8),
        constant("ys", 0.04), constant("yz", -5, np.int8),
    ]
    initializers.append(constant("b0s", 0.02 * numpy_helper.to_array(initializers[3])))
    initializers.append(constant("b0z", np.zeros(18), np.int32))
    nodes = [
        node("DequantizeLinear", ["x", "xs", "xz"], ["xf"], "x_real"),
        node("DequantizeLinear", ["w0", "w0s", "w0z"], ["w0f"], "filters_real", axis=0),
        node("DequantizeLinear", ["b0", "b0s", "b0z"], ["b0f"], "bias_real", axis=0),
        node("Conv", ["xf", "w0f", "b0f"], ["c"], "conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("QuantizeLinear", ["c", "cs", "cz"], ["cq"], "conv_stored"),
        node("DequantizeLinear", ["cq", "cs", "cz"], ["cf"], "conv_real"),
        node("GlobalAveragePool", ["cf"], ["mean"], "mean"),
        node("QuantizeLinear", ["mean", "cs", "cz"], ["mq"], "mean_stored"),
        node("DequantizeLinear", ["mq", "cs", "cz"], ["mf"], "mean_real"),
        node("Flatten", ["mf"], ["flat"], "flatten"),
        node("DequantizeLinear", ["w1", "w1s", "w1z"], ["w1f"], "matrix_real"),
        node("Gemm", ["flat", "w1f"], ["logits"], "classifier", transB=1),
        node("QuantizeLinear", ["logits", "ys", "yz"], ["y"], "stored"),
    ]
    return model("quantised", nodes, [tensor("x", [1, 5, 9, 9], TensorProto.UINT8)],
                 [tensor("y", [1, 7], TensorProto.INT8)], initializers)


# Graph input <- graph output of the step before, of the model that recurrent() makes.
RECURRENT_CARRY = {1: 1, 2: 2, 3: 3, 4: 4}


def recurrent():
    """A recurrent cell, a delay line, and two states that exchange their places."""
    node = helper.make_node
    nodes = [
        node("MatMul", ["x", "w"], ["from_x"], "from_x"),
        node("MatMul", ["h", "u"], ["from_h"], "from_h"),
        node("Add", ["from_x", "from_h"], ["sum"], "sum"),
        node("Tanh", ["sum"], ["h_next"], "cell"),
        node("Slice", ["line", "one", "four", "one"], ["newer"], "newer"),
        node("Unsqueeze", ["x", "one"], ["row"], "row"),
        node("Concat", ["newer", "row"], ["line_next"], "line_next", axis=1),
        node("Identity", ["right"], ["left_next"], "left_next"),
        node("Mul", ["left", "half"], ["right_next"], "right_next"),
        node("ReduceMean", ["line_next"], ["level"], "level", axes=[1], keepdims=0),
        node("MatMul", ["h_next", "v"], ["from_cell"], "from_cell"),
        node("Add", ["from_cell", "level"], ["y"], "y"),
    ]
    initializers = [
        weights("w", 12, 16), weights("u", 16, 16), weights("v", 16, 12), constant("half", 0.5),
        constant("one", [1], np.int64), constant("four", [4], np.int64),
    ]
    states = [("h", [1, 16]), ("line", [1, 4, 12]), ("left", [1, 8]), ("right", [1, 8])]
    inputs = [tensor("x", [1, 12])] + [tensor(name, shape) for name, shape in states]
    outputs = [tensor("y", [1, 12])] + [tensor(name + "_next", shape) for name, shape in states]
    return model("recurrent", nodes, inputs, outputs, initializers)


def attention():
    """Products of two computed 8-bit tensors: scores, softmax, weighted values, a float bias."""
    node = helper.make_node
    initializers = [
        constant("qs", 0.02), constant("qz", 3, np.int8),
        constant("ks", 0.03), constant("kz", -4, np.int8),
        constant("ps", 1 / 255), constant("pz", -128, np.int8),
        constant("ys", 0.02), constant("yz", 7, np.int8), constant("third", 1 / 3),
        constant("w", RANDOM.integers(-127, 128, (21, 18)), np.int8), constant("ws", 0.004),
        constant("wz", 0, np.int8), weights("bias", 18),
    ]
    nodes = [
        node("DequantizeLinear", ["q", "qs", "qz"], ["qf"], "queries_real"),
        node("DequantizeLinear", ["k", "ks", "kz"], ["kf"], "keys_real"),
        node("Transpose", ["kf"], ["kt"], "keys_turned", perm=[0, 2, 1]),
        node("MatMul", ["qf", "kt"], ["s"], "scores"),
        node("Mul", ["s", "third"], ["scaled"], "scaled"),
        node("Softmax", ["scaled"], ["p"], "softmax", axis=2),
        node("QuantizeLinear", ["p", "ps", "pz"], ["pq"], "weights_stored"),
        node("DequantizeLinear", ["pq", "ps", "pz"], ["pf"], "weights_real"),
        node("MatMul", ["pf", "kf"], ["v"], "weighted"),
        node("QuantizeLinear", ["v", "ys", "yz"], ["vq"], "weighted_stored"),
        node("DequantizeLinear", ["vq", "ys", "yz"], ["vf"], "weighted_real"),
        node("DequantizeLinear", ["w", "ws", "wz"], ["wf"], "matrix_real"),
        node("MatMul", ["vf", "wf"], ["m"], "projection"),
        node("Add", ["m", "bias"], ["y"], "projection_bias"),
    ]
    return model("attention", nodes,
                 [tensor("q", [2, 5, 21], TensorProto.INT8), tensor("k", [2, 19, 21], TensorProto.INT8)],
                 [tensor("y", [2, 5, 18])], initializers)


def upsampling():
    """Transposed convolution, nearest and linear resizing, reflecting pads, depth to space."""
    node = helper.make_node
    nodes = [
        node("ConvTranspose", ["x", "w0", "b0"], ["up"], "transposed", strides=[2, 2], pads=[1, 1, 1, 1],
             output_padding=[1, 0], kernel_shape=[3, 4]),
        node("LeakyRelu", ["up"], ["r0"], "leaky", alpha=0.1),
        node("InstanceNormalization", ["r0", "s0", "b1"], ["n0"], "normalise"),
        node("Pad", ["n0", "pads"], ["p0"], "pad", mode="reflect"),
        node("Resize", ["p0", "", "twice"], ["near"], "nearest", mode="nearest",
             coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
        node("Conv", ["near", "w1"], ["c1"], "narrow", kernel_shape=[3, 3], strides=[2, 2]),
        node("Elu", ["c1"], ["e1"], "elu"),
        node("Resize", ["e1", "", "wide"], ["lin"], "linear", mode="linear",
             coordinate_transformation_mode="half_pixel"),
        node("DepthToSpace", ["lin"], ["y"], "shuffle", blocksize=2, mode="CRD"),
    ]
    initializers = [
        weights("w0", 5, 18, 3, 4), weights("b0", 18), weights("s0", 18), weights("b1", 18), weights("w1", 8, 18, 3, 3),
        constant("pads", [0, 0, 1, 2, 0, 0, 0, 3], np.int64), constant("twice", [1, 1, 2, 2]),
        constant("wide", [1, 1, 1, 1.5]),
    ]
    return model("upsampling", nodes, [tensor("x", [1, 5, 4, 5])], [tensor("y", [1, 2, 16, 42])], initializers)


def gated():
    """A bidirectional GRU, an LSTM and an RNN with initial states, one after the other."""
    node = helper.make_node
    nodes = [
        node("GRU", ["x", "gw", "gr", "gb"], ["g", ""], "gru", hidden_size=10, direction="bidirectional",
             linear_before_reset=1),
        node("Transpose", ["g"], ["gt"], "directions_last", perm=[0, 2, 1, 3]),
        node("Reshape", ["gt", "joined"], ["gj"], "join"),
        node("LSTM", ["gj", "lw", "lr", "lb", "", "h0", "c0"], ["l", "lh", "lc"], "lstm", hidden_size=18),
        node("Squeeze", ["l", "one"], ["ls"], "squeeze"),
        node("RNN", ["ls", "rw", "rr"], ["", "y"], "rnn", hidden_size=5, direction="reverse"),
    ]
    initializers = [
        weights("gw", 2, 30, 6), weights("gr", 2, 30, 10), weights("gb", 2, 60), constant("joined", [3, 2, 20], np.int64),
        weights("lw", 1, 72, 20), weights("lr", 1, 72, 18), weights("lb", 1, 144), constant("one", [1], np.int64),
        weights("rw", 1, 5, 18), weights("rr", 1, 5, 5),
    ]
    return model("gated", nodes,
                 [tensor("x", [3, 2, 6]), tensor("h0", [1, 2, 18]), tensor("c0", [1, 2, 18])],
                 [tensor("y", [1, 2, 5]), tensor("lc", [1, 2, 18])], initializers)


def language():
    """Embedding, masked attention, exploded GELU and layer normalisation, Einsum, Where, comparisons."""
    node = helper.make_node
    nodes = [
        node("Gather", ["table", "ids"], ["tokens"], "embed"),
        node("MatMul", ["tokens", "wq"], ["q"], "query"),
        node("MatMul", ["tokens", "wk"], ["k"], "key"),
        node("Einsum", ["q", "k"], ["raw"], "scores", equation="bqd,bkd->bqk"),
        node("Where", ["mask", "raw", "low"], ["masked"], "causal"),
        node("Softmax", ["masked"], ["weight"], "softmax", axis=-1),
        node("MatMul", ["weight", "tokens"], ["mixed"], "mix"),
        node("ReduceMean", ["mixed"], ["mean"], "mean", axes=[-1]),
        node("Sub", ["mixed", "mean"], ["centred"], "centre"),
        node("Pow", ["centred", "two"], ["squares"], "squares"),
        node("ReduceMean", ["squares"], ["variance"], "variance", axes=[-1]),
        node("Add", ["variance", "epsilon"], ["shifted"], "shift"),
        node("Sqrt", ["shifted"], ["deviation"], "deviation"),
        node("Div", ["centred", "deviation"], ["normal"], "normalise"),
        node("MatMul", ["normal", "wf"], ["f"], "feed"),
        node("Div", ["f", "root"], ["scaled"], "scale"),
        node("Erf", ["scaled"], ["error"], "error_function"),
        node("Add", ["error", "one"], ["gate"], "gate"),
        node("Mul", ["f", "gate"], ["gated"], "gated"),
        node("Mul", ["gated", "half"], ["active"], "gelu"),
        node("Greater", ["active", "half"], ["large"], "compare"),
        node("Cast", ["large"], ["marks"], "marks", to=TensorProto.FLOAT),
        node("Sum", ["active", "marks"], ["y"], "sum"),
    ]
    initializers = [
        weights("table", 200, 20), weights("wq", 20, 20), weights("wk", 20, 20), weights("wf", 20, 37),
        constant("mask", np.tril(np.ones((7, 7))), bool), constant("low", -1e4), constant("two", 2.0),
        constant("epsilon", 1e-5), constant("root", np.sqrt(2)), constant("one", 1.0), constant("half", 0.5),
    ]
    return model("language", nodes, [tensor("ids", [1, 7], TensorProto.INT64)], [tensor("y", [1, 7, 37])],
                 initializers)


def quantised_attention():
    """The product of two quantised tensors, a quantised sum, concatenation and transposed convolution."""
    node = helper.make_node
    initializers = [
        constant("as", 0.02), constant("az", 3, np.uint8), constant("bs", 0.03), constant("bz", -7, np.int8),
        constant("ps", 0.4), constant("pz", 120, np.uint8), constant("ss", 0.45), constant("sz", 111, np.uint8),
        constant("w", RANDOM.integers(-127, 128, (6, 4, 3, 3)), np.int8), constant("ws", RANDOM.uniform(0.002, 0.004, 4)),
        constant("wz", np.zeros(4), np.int8), constant("ys", 1.5), constant("yz", 140, np.uint8),
    ]
    nodes = [
        node("DequantizeLinear", ["a", "as", "az"], ["af"], "a_real"),
        node("DequantizeLinear", ["b", "bs", "bz"], ["bf"], "b_real"),
        node("Transpose", ["bf"], ["bt"], "swap", perm=[0, 1, 3, 2]),
        node("MatMul", ["af", "bt"], ["p"], "product"),
        node("QuantizeLinear", ["p", "ps", "pz"], ["pq"], "product_stored"),
        node("DequantizeLinear", ["pq", "ps", "pz"], ["pf"], "product_real"),
        node("Transpose", ["pf"], ["pt"], "other_way", perm=[0, 1, 3, 2]),
        node("Add", ["pf", "pt"], ["s"], "sum"),
        node("QuantizeLinear", ["s", "ss", "sz"], ["sq"], "sum_stored"),
        node("DequantizeLinear", ["sq", "ss", "sz"], ["sf"], "sum_real"),
        node("Concat", ["sf", "sf"], ["twice"], "twice", axis=1),
        node("DequantizeLinear", ["w", "ws", "wz"], ["wf"], "filters_real", axis=1),
        node("ConvTranspose", ["twice", "wf"], ["c"], "enlarge", strides=[2, 2], kernel_shape=[3, 3]),
        node("QuantizeLinear", ["c", "ys", "yz"], ["y"], "stored"),
    ]
    return model("quantised_attention", nodes,
                 [tensor("a", [1, 3, 5, 20], TensorProto.UINT8), tensor("b", [1, 3, 5, 20], TensorProto.INT8)],
                 [tensor("y", [1, 4, 11, 11], TensorProto.UINT8)], initializers)


def hosted():
    """A product, an operator that no engine has, and a product."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w0", "b0"], ["c0"], "before", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("CumSum", ["c0", "axis"], ["sums"], "running_sum"),
        node("Conv", ["sums", "w1"], ["y"], "after", kernel_shape=[1, 1]),
    ]
    initializers = [weights("w0", 20, 12, 3, 3), weights("b0", 20), weights("w1", 8, 20, 1, 1),
                    constant("axis", 3, np.int64)]
    return model("hosted", nodes, [tensor("x", [1, 12, 9, 9])], [tensor("y", [1, 8, 9, 9])], initializers)


def plain_outputs():
    """Outputs that nothing computes: a shape, initializers, one of them twice, and the input itself."""
    node = helper.make_node
    nodes = [
        node("Shape", ["x"], ["shape"], "shape_of"),
        node("Identity", ["large"], ["copy"], "copy_of"),
        node("Add", ["x", "shift"], ["y"], "move"),
        node("LessOrEqual", ["large", "other"], ["below"], "compare"),
    ]
    initializers = [weights("shift", 7), constant("large", [3, -(2**40)], np.int64)]
    integers = TensorProto.INT64
    return model("plain_outputs", nodes, [tensor("x", [3, 7]), tensor("other", [2], integers)],
                 [tensor("shape", [2], integers), tensor("y", [3, 7]), tensor("x", [3, 7]), tensor("shift", [7]),
                  tensor("large", [2], integers), tensor("copy", [2], integers), tensor("other", [2], integers),
                  tensor("below", [2], TensorProto.BOOL)], initializers)


def chain():
    """Convolution, bias, activation, pooling, residual addition: what should never leave the chip."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w0", "b0"], ["c0"], "first", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["c0"], ["r0"], "first_relu"),
        node("MaxPool", ["r0"], ["pool"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["pool", "w1", "b1"], ["c1"], "second", kernel_shape=[1, 1]),
        node("Add", ["c1", "pool"], ["sum"], "residual"),
        node("Relu", ["sum"], ["y"], "residual_relu"),
    ]
    initializers = [weights("w0", 32, 32, 3, 3, scale=0.05), weights("b0", 32), weights("w1", 32, 32, 1, 1),
                    weights("b1", 32)]
    return model("chain", nodes, [tensor("x", [1, 32, 16, 16])], [tensor("y", [1, 32, 8, 8])], initializers)


def quantised_chain():
    """The same on 8-bit integers."""
    node = helper.make_node
    initializers = [constant(f"{name}z", zero, np.int8) for name, zero in
                    (("x", 3), ("r", -128), ("c", -9), ("y", -128))]
    initializers += [constant("xs", 0.02), constant("rs", 0.02), constant("cs", 0.03), constant("ys", 0.03)]
    for index, (reads, kernel) in enumerate(((0.02, 3), (0.02, 1))):
        filters = RANDOM.integers(-127, 128, (32, 32, kernel, kernel))
        scales = RANDOM.uniform(0.001, 0.002, 32)
        initializers += [
            constant(f"w{index}", filters, np.int8), constant(f"w{index}s", scales),
            constant(f"w{index}z", np.zeros(32), np.int8),
            constant(f"b{index}", RANDOM.integers(-2000, 2000, 32), np.int32),
            constant(f"b{index}s", reads * scales.astype(np.float32)), constant(f"b{index}z", np.zeros(32), np.int32),
        ]
    nodes = [
        node("DequantizeLinear", ["x", "xs", "xz"], ["xf"], "x_real"),
        node("DequantizeLinear", ["w0", "w0s", "w0z"], ["w0f"], "first_filters", axis=0),
        node("DequantizeLinear", ["b0", "b0s", "b0z"], ["b0f"], "first_bias", axis=0),
        node("Conv", ["xf", "w0f", "b0f"], ["c0"], "first", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["c0"], ["r0"], "first_relu"),
        node("QuantizeLinear", ["r0", "rs", "rz"], ["r0q"], "first_stored"),
        node("DequantizeLinear", ["r0q", "rs", "rz"], ["r0f"], "first_real"),
        node("MaxPool", ["r0f"], ["pool"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("QuantizeLinear", ["pool", "rs", "rz"], ["poolq"], "pool_stored"),
        node("DequantizeLinear", ["poolq", "rs", "rz"], ["poolf"], "pool_real"),
        node("DequantizeLinear", ["w1", "w1s", "w1z"], ["w1f"], "second_filters", axis=0),
        node("DequantizeLinear", ["b1", "b1s", "b1z"], ["b1f"], "second_bias", axis=0),
        node("Conv", ["poolf", "w1f", "b1f"], ["c1"], "second", kernel_shape=[1, 1]),
        node("QuantizeLinear", ["c1", "cs", "cz"], ["c1q"], "second_stored"),
        node("DequantizeLinear", ["c1q", "cs", "cz"], ["c1f"], "second_real"),
        node("Add", ["c1f", "poolf"], ["sum"], "residual"),
        node("Relu", ["sum"], ["r1"], "residual_relu"),
        node("QuantizeLinear", ["r1", "ys", "yz"], ["y"], "stored"),
    ]
    return model("quantised_chain", nodes, [tensor("x", [1, 32, 16, 16], TensorProto.INT8)],
                 [tensor("y", [1, 32, 8, 8], TensorProto.INT8)], initializers)


def random_input(value):
    """An array for a graph input; free dimensions are 1."""
    kind = value.type.tensor_type
    shape = [d.dim_value or 1 for d in kind.shape.dim]
    dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type)
    if dtype == np.int64:
        return RANDOM.integers(-100, 100, shape)  # rows of a table
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype)
        return RANDOM.integers(info.min, info.max + 1, shape).astype(dtype)
    return RANDOM.normal(0, 1, shape).astype(dtype)


def describe(values, arrays):
    result = []
    for value, array in zip(values, arrays):
        shape = [d.dim_value or d.dim_param for d in value.type.tensor_type.shape.dim]
        result.append({"name": value.name, "dtype": str(array.dtype), "shape": shape, "case_shape": list(array.shape)})
    return result


def save(root, proto, tolerance):
    """Saves the model; returns a session of it and its entry in the manifest, without cases."""
    name = proto.graph.name
    path = root / "models" / f"{name}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(proto, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session, {"name": name, "file": f"models/{name}.onnx", "tolerance": tolerance, "cases": []}


def run(session, proto, inputs, directory, entry):
    """Writes the arrays of one inference and describes them in the entry; returns the outputs."""
    directory.mkdir(parents=True, exist_ok=True)
    outputs = session.run(None, {v.name: a for v, a in zip(proto.graph.input, inputs)})
    for kind, arrays in (("input", inputs), ("output", outputs)):
        for index, array in enumerate(arrays):
            np.save(directory / f"{kind}_{index}.npy", np.ascontiguousarray(array))
    entry["inputs"] = describe(proto.graph.input, inputs)
    entry["outputs"] = describe(proto.graph.output, outputs)
    return outputs


def write(root, proto, tolerance, cases=2):
    """Saves the model and its cases; returns its entry in the manifest."""
    session, entry = save(root, proto, tolerance)
    for number in range(cases):
        case = f"random_{number}"
        place = f"cases/{entry['name']}/{case}"
        run(session, proto, [random_input(value) for value in proto.graph.input], root / place, entry)
        entry["cases"].append({"name": case, "dir": place, "kind": "single", "check": []})
    return entry


def write_sequence(root, proto, tolerance, carry, steps=4):
    """Saves the model and one case of several steps; returns its entry in the manifest."""
    session, entry = save(root, proto, tolerance)
    place = f"cases/{entry['name']}/stream"
    inputs = [random_input(value) for value in proto.graph.input]
    for step in range(steps):
        outputs = run(session, proto, inputs, root / place / f"step_{step:03}", entry)
        inputs = [random_input(value) for value in proto.graph.input]
        for target, source in carry.items():
            inputs[target] = outputs[source]
    entry["cases"].append({"name": "stream", "dir": place, "kind": "sequence", "steps": steps,
                           "carry": {str(k): v for k, v in carry.items()}, "check": []})
    return entry


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, metavar="DIRECTORY")
    root = parser.parse_args().directory
    floats = {"fp32": {"abs": [1e-4], "rel": 1e-3}, "reduced": {"relative_l2": [0.02]}}
    entries = [
        write(root, convolutions(), floats),
        write(root, sequence(), floats),
        write(root, quantised(), {"max_lsb": 1}),
        write_sequence(root, recurrent(), floats, RECURRENT_CARRY),
        write(root, attention(), {"abs": [0.02], "rel": 1e-3, "reduced": {"relative_l2": [0.03]}}),
        write(root, upsampling(), floats),
        write(root, gated(), {"fp32": {"abs": [1e-4, 1e-4], "rel": 1e-3}, "reduced": {"relative_l2": [0.02, 0.02]}}),
        write(root, language(), floats),
        write(root, quantised_attention(), {"max_lsb": 1}),
        write(root, hosted(), {"fp32": {"abs": [1e-3], "rel": 1e-3}, "reduced": {"relative_l2": [0.02]}}),
        write(root, plain_outputs(), floats),
        write(root, chain(), floats),
        write(root, quantised_chain(), {"max_lsb": 1}),
    ]
    manifest = {"format": 1, "reference": f"onnxruntime {onnxruntime.__version__}", "models": entries}
    (root / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
