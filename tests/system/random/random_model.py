# SPDX-License-Identifier: Apache-2.0
"""Random small ONNX models whose every tensor is known.

A model grows node by node. Each node is evaluated by ONNX Runtime as soon as it is drawn, so that the
next one can be fitted to real shapes and ranges, and so that the reference results are those of the
operators themselves, without any optimisation between them.
"""
import dataclasses

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
LARGEST = 20000  # elements of a tensor
onnxruntime.set_default_logger_severity(4)


class Refused(Exception):
    """ONNX Runtime does not run the node, or its result is of no use here."""


@dataclasses.dataclass
class Model:
    """A finished model with one case."""

    proto: onnx.ModelProto
    inputs: list  # arrays, in the graph's order
    outputs: list
    kind: str  # "float", "exact" (8 bit, every scale a power of two) or "scaled" (8 bit)
    abs: list  # allowed absolute difference of each output
    max_lsb: int  # allowed difference of 8-bit outputs
    text: str  # one line: the operators


def evaluate(node, arrays):
    """The node's outputs by ONNX Runtime; `arrays` has one entry for each distinct input."""
    names = [name for name in node.input if name]
    inputs = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(arrays[n].dtype), arrays[n].shape)
        for n in dict.fromkeys(names)
    ]
    outputs = [helper.make_empty_tensor_value_info(n) for n in node.output]
    model = helper.make_model(
        helper.make_graph([node], "one", inputs, outputs), opset_imports=[helper.make_opsetid("", OPSET)]
    )
    model.ir_version = 8
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return session.run(None, {n: arrays[n] for n in dict.fromkeys(names)})
    except Exception as error:  # the runtime's exceptions have no common base of their own
        raise Refused(str(error)) from error


class Builder:
    """Nodes, constants and the value of every tensor so far."""

    def __init__(self, random):
        self.random = random
        self.nodes = []
        self.constants = []
        self.inputs = []
        self.values = {}
        self.peak = 0.0  # largest magnitude of any computed float tensor
        self.text = []

    def integer(self, low, high):
        """Between low and high, both possible."""
        return int(self.random.integers(low, high + 1))

    def choice(self, options):
        return options[self.integer(0, len(options) - 1)]

    def chance(self, probability):
        return self.random.random() < probability

    def name(self, stem):
        return f"{stem}{len(self.values)}"

    def input(self, array):
        name = self.name("in")
        self.inputs.append(name)
        self.values[name] = array
        return name

    def constant(self, array, dtype=np.float32):
        name = self.name("k")
        array = np.asarray(array, dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        self.values[name] = array
        return name

    def normal(self, *shape, scale=1.0):
        """A constant of normally distributed floats."""
        return self.constant(self.random.normal(0, scale, shape))

    def emit(self, op, inputs, outputs=1, **attributes):
        """Appends a node and evaluates it; the name of its first output, or all names."""
        names = [self.name(op.lower()) + (f"_{i}" if i else "") for i in range(outputs)]
        node = helper.make_node(op, inputs, names, name=names[0], **attributes)
        results = evaluate(node, self.values)
        for result in results:
            usable = 0 < result.size <= LARGEST and result.ndim <= 5
            if not usable or (result.dtype == np.float32 and not np.all(np.abs(result) < 1e4)):
                raise Refused(f"{op} gives {result.shape}")
        for name, result in zip(names, results):
            self.values[name] = result
            if result.dtype == np.float32:
                self.peak = max(self.peak, float(np.abs(result).max()))
        self.nodes.append(node)
        self.text.append(op + "x".join(map(str, results[0].shape)).join("[]"))
        return names[0] if outputs == 1 else names

    def snapshot(self):
        return len(self.nodes), len(self.constants), len(self.text), dict(self.values), self.peak

    def restore(self, state):
        nodes, constants, text, self.values, self.peak = state
        del self.nodes[nodes:], self.constants[constants:], self.text[text:]

    def quantize(self, x, power_of_two, move):
        """QuantizeLinear and DequantizeLinear after x, now and then with scales for the slices of an
        axis, or with `move` on the integers in between; the name of the result and the largest scale."""
        dtype = self.choice([np.int8, np.uint8])
        scale, zero = self.parameters(x, power_of_two, dtype)
        shape = self.values[x].shape
        attributes = {}
        if shape and self.chance(0.15):
            axis = self.integer(0, len(shape) - 1)
            scale = scale * self.random.choice(np.float32([1, 2]), shape[axis])
            zero = np.full(shape[axis], zero)
            attributes = {"axis": axis}
        names = [self.constant(scale), self.constant(zero, dtype)]
        stored = self.emit("QuantizeLinear", [x, *names], **attributes)
        if not attributes and self.chance(0.2):
            stored = move(self, stored)
        return self.emit("DequantizeLinear", [stored, *names], **attributes), np.max(scale)

    def parameters(self, x, power_of_two, dtype):
        """A scale and zero-point that x fits, now and then with some saturation."""
        low, high = min(0.0, float(self.values[x].min())), max(0.0, float(self.values[x].max()))
        scale = max(high - low, 1e-3) / 255 * self.random.uniform(0.7, 1.3)
        if power_of_two:
            scale = 2.0 ** np.round(np.log2(scale))
        info = np.iinfo(dtype)
        zero = np.clip(np.round(info.min - low / scale), info.min, info.max)
        return np.float32(scale), zero

    def finish(self, outputs, kind, abs_, max_lsb):
        def info(name):
            array = self.values[name]
            return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)

        read = {name for node in self.nodes for name in node.input}
        inputs = [name for name in self.inputs if name in read]
        graph = helper.make_graph(
            self.nodes, "random", [info(n) for n in inputs], [info(n) for n in outputs], self.constants
        )
        proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        proto.ir_version = 8
        text = " ".join(self.text)
        return Model(
            proto, [self.values[n] for n in inputs], [self.values[n] for n in outputs], kind, abs_, max_lsb, text
        )


def is_float(array):
    return array.dtype == np.float32


def tensor_type(array):
    return {np.float32: TensorProto.FLOAT, np.int8: TensorProto.INT8, np.uint8: TensorProto.UINT8}[array.dtype.type]
