#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes small ONNX models and reference results of ONNX Runtime in the layout of a model zoo.

usage: make_models.py DIRECTORY

    DIRECTORY/manifest.json
    DIRECTORY/models/NAME.onnx
    DIRECTORY/cases/NAME/CASE/input_0.npy ..  output_0.npy ..

Weights and inputs are random with a fixed seed, so the files are the same on every run.
"""
import json
import pathlib
import sys

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


def model(name, nodes, inputs, outputs, initializers):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
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


def random_input(value):
    """An array for a graph input; free dimensions are 1."""
    kind = value.type.tensor_type
    shape = [d.dim_value or 1 for d in kind.shape.dim]
    dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type)
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


def write(root, proto, tolerance, cases=2):
    """Saves the model and its cases; returns its entry in the manifest."""
    name = proto.graph.name
    path = root / "models" / f"{name}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(proto, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    entry = {"name": name, "file": f"models/{name}.onnx", "tolerance": tolerance, "cases": []}
    for number in range(cases):
        case = f"random_{number}"
        directory = root / "cases" / name / case
        directory.mkdir(parents=True, exist_ok=True)
        inputs = [random_input(value) for value in proto.graph.input]
        outputs = session.run(None, {v.name: a for v, a in zip(proto.graph.input, inputs)})
        for kind, arrays in (("input", inputs), ("output", outputs)):
            for index, array in enumerate(arrays):
                np.save(directory / f"{kind}_{index}.npy", np.ascontiguousarray(array))
        entry["inputs"] = describe(proto.graph.input, inputs)
        entry["outputs"] = describe(proto.graph.output, outputs)
        entry["cases"].append({"name": case, "dir": f"cases/{name}/{case}", "kind": "single", "check": []})
    return entry


def main():
    root = pathlib.Path(sys.argv[1])
    floats = {"fp32": {"abs": [1e-4], "rel": 1e-3}, "reduced": {"relative_l2": [0.02]}}
    entries = [
        write(root, convolutions(), floats),
        write(root, sequence(), floats),
        write(root, quantised(), {"max_lsb": 1}),
    ]
    manifest = {"format": 1, "reference": f"onnxruntime {onnxruntime.__version__}", "models": entries}
    (root / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
