#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes ONNX files DIRECTORY/NAME.onnx, well-formed enough to be read and wrong in one way each."""
import argparse
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def info(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def save(root, name, nodes, inputs, outputs, initializers=(), opset=13):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    (root / f"{name}.onnx").write_bytes(proto.SerializeToString())


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs, outputs, kind.lower(), **attributes)


def weights(name, *shape):
    return numpy_helper.from_array(np.ones(shape, np.float32), name)


def raw(name, dims, dtype, data):
    """An initialiser whose data need not fit its dimensions."""
    tensor = TensorProto(name=name, data_type=dtype, raw_data=data)
    tensor.dims.extend(dims)
    return tensor


def graphs(root):
    x, y = info("x", [1, 4]), info("y", [1, 4])
    save(root, "cycle", [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])], [x], [info("b", [1, 4])])
    save(root, "undefined_tensor", [node("Add", ["x", "nobody"], ["y"])], [x], [y])
    save(root, "defined_twice", [node("Relu", ["x"], ["y"]), node("Abs", ["x"], ["y"])], [x], [y])
    save(root, "output_from_nowhere", [node("Relu", ["x"], ["a"])], [x], [y])
    save(root, "no_nodes", [], [x], [y])
    save(root, "unknown_operator", [node("Frobnicate", ["x"], ["y"])], [x], [y])
    save(root, "too_few_inputs", [node("Conv", ["x"], ["y"])], [info("x", [1, 3, 8, 8])], [info("y", None)])
    save(root, "deep_chain", [node("Relu", [f"t{i}"], [f"t{i + 1}"]) for i in range(3000)],
         [info("t0", [1, 4])], [info("t3000", [1, 4])])
    save(root, "future_opset", [node("Relu", ["x"], ["y"])], [x], [y], opset=9999)
    branch = helper.make_graph([node("Relu", ["x"], ["z"])], "branch", [], [info("z", [1, 4])])
    save(root, "control_flow", [node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)],
         [x, info("c", [], TensorProto.BOOL)], [y])


def shapes(root):
    huge = 1 << 40
    y = info("y", None)
    relu = [node("Relu", ["x"], ["y"])]
    save(root, "huge_input", relu, [info("x", [huge, huge])], [y])
    save(root, "negative_dimension", relu, [info("x", [1, -5])], [y])
    save(root, "empty_dimension", relu, [info("x", [1, 0, 4])], [y])
    save(root, "no_shape", relu, [info("x", None)], [y])
    save(root, "contradicting_output", relu, [info("x", [1, 4])], [info("y", [7, 7])])
    save(root, "string_input", relu, [info("x", [4], TensorProto.STRING)], [y])
    image = info("x", [1, 3, 8, 8])
    conv = {"kernel_shape": [3, 3]}
    w = weights("w", 4, 3, 3, 3)
    for name, extra in {
        "huge_pads": {"pads": [1 << 31] * 4},
        "negative_pads": {"pads": [-100] * 4},
        "zero_stride": {"strides": [0, 0]},
        "negative_stride": {"strides": [-1, -1]},
        "huge_stride": {"strides": [1 << 62] * 2},
        "huge_dilation": {"dilations": [1 << 40] * 2},
        "zero_group": {"group": 0},
        "wrong_group": {"group": 5},
        "three_strides": {"strides": [1, 1, 1]},
    }.items():
        save(root, f"conv_{name}", [node("Conv", ["x", "w"], ["y"], **{**conv, **extra})], [image], [y], [w])
    save(root, "conv_wrong_kernel", [node("Conv", ["x", "w"], ["y"], kernel_shape=[9, 9])], [image], [y], [w])
    save(root, "pool_huge_kernel", [node("MaxPool", ["x"], ["y"], kernel_shape=[1 << 31, 1])], [image], [y])
    save(root, "softmax_axis", [node("Softmax", ["x"], ["y"], axis=77)], [image], [y])
    save(root, "transpose_twice", [node("Transpose", ["x"], ["y"], perm=[0, 0, 1, 9])], [image], [y])
    save(root, "matmul_mismatch", [node("MatMul", ["x", "w"], ["y"])], [info("x", [2, 3])], [y], [weights("w", 7, 5)])


def constants(root):
    x, y = info("x", [1, 4]), info("y", None)
    add = [node("Add", ["x", "c"], ["y"])]
    save(root, "short_data", add, [x], [y], [raw("c", [1, 4], TensorProto.FLOAT, b"\0\0\0\0")])
    save(root, "huge_dims_no_data", add, [x], [y], [raw("c", [1 << 40, 1 << 40], TensorProto.FLOAT, b"")])
    save(root, "negative_dims", add, [x], [y], [raw("c", [-4], TensorProto.FLOAT, b"\0" * 16)])
    save(root, "unknown_type", add, [x], [y], [raw("c", [4], 4711, b"\0" * 16)])
    external = raw("c", [1, 4], TensorProto.FLOAT, b"")
    external.data_location = TensorProto.EXTERNAL
    external.external_data.add(key="location", value="../../../../../etc/passwd")
    save(root, "external_data", add, [x], [y], [external])
    size = lambda name, *values: numpy_helper.from_array(np.array(values, np.int64), name)
    save(root, "huge_reshape", [node("Reshape", ["x", "s"], ["y"])], [x], [y], [size("s", 1 << 62, 1 << 62)])
    save(root, "huge_expand", [node("ConstantOfShape", ["s"], ["y"])], [x], [y], [size("s", 1 << 20, 1 << 20)])
    save(root, "huge_tile", [node("Tile", ["x", "s"], ["y"])], [x], [y], [size("s", 1 << 40, 1 << 40)])
    save(root, "slice_step_zero", [node("Slice", ["x", "a", "b", "c", "d"], ["y"])], [x], [y],
         [size("a", 0), size("b", 4), size("c", 1), size("d", 0)])
    quantised = [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["y"])]
    for name, scale in {"zero": 0.0, "negative": -1.0, "infinite": np.inf, "nan": np.nan}.items():
        save(root, f"scale_{name}", quantised, [x], [y],
             [numpy_helper.from_array(np.float32(scale), "s"), numpy_helper.from_array(np.int8(0), "z")])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, metavar="DIRECTORY")
    root = parser.parse_args().directory
    root.mkdir(parents=True, exist_ok=True)
    graphs(root)
    shapes(root)
    constants(root)
    (root / "empty.onnx").write_bytes(b"")
    (root / "text.onnx").write_bytes(b"This is not a model.\n")
    (root / "zeros.onnx").write_bytes(bytes(4096))
    (root / "nested.onnx").write_bytes(b"\x3a\xff\xff\xff\xff\x07" * 1000)


if __name__ == "__main__":
    main()
