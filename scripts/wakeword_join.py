#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Joins the three wake-word networks into one ONNX model that hears 80 ms a call and remembers.

  sound        [1, 1280]      the next samples                                           input
  score        [1, 1]         0 to 1                                                     output
  overlap      [1, 480]       the samples before `sound`                                 state
  rows_N       [1, C, 2, W]   the last rows that a layer of the embedding has read       states
  embeddings   [1, 1440]      the last 15 vectors of 96 values                           state

The input NAME of a state takes in each call what the output next_NAME gave in the call before:
`neuron compile --state NAME=next_NAME` leaves it on the device. Prints these pairs, one a line.

The embedding network reads 76 rows of the spectrogram, of which 8 are new. Its layers do not pad in
time and their strides multiply to 8, so the rows that a layer computes in one call are those of the
next call 8 rows of the spectrogram further on. Here each layer computes its new rows only, and
remembers the rows that its next windows begin with: the same vector from 5.6 instead of 42 million
products.
"""
import argparse
import sys

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper, shape_inference, version_converter

FRAME, OVERLAP = 1280, 480  # samples
ROWS, NEW_ROWS, BANDS = 76, 8, 32
EMBEDDINGS, EMBEDDING = 16, 96
TIME = 2  # axis of the rows inside the embedding network: [1, channels, rows, bands]
ROW_BY_ROW = {"Add", "Clip", "LeakyRelu", "Max", "Min", "Mul", "Relu"}


class JoinError(Exception):
    """A network that cannot be joined; the message says why."""


def shape_of(info):
    return [dim.dim_value or dim.dim_param or "?" for dim in info.type.tensor_type.shape.dim]


def opset(model):
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)


class Network:
    """A model with one input and one output that becomes a part of another."""

    def __init__(self, path):
        self.path = path
        try:
            self.model = onnx.load(path)
        except Exception as error:  # parsers raise whatever they like
            raise JoinError(f"{path}: {error}") from error
        graph = self.model.graph
        constants = {tensor.name for tensor in graph.initializer}
        inputs = [info for info in graph.input if info.name not in constants]
        if len(inputs) != 1 or len(graph.output) != 1:
            raise JoinError(f"{path}: {len(inputs)} inputs, {len(graph.output)} outputs; needed one each")
        domains = {node.domain for node in graph.node} - {"", "ai.onnx"}
        if domains:
            raise JoinError(f"{path}: operators of {', '.join(sorted(domains))}")
        del graph.input[:]
        graph.input.append(inputs[0])

    def prepare(self, name, version, shape):
        """Binds the input to `shape`, with ONNX operators of `version`; values become `name`/..."""
        given = shape_of(self.model.graph.input[0])
        if len(given) != len(shape) or any(isinstance(a, int) and a != b for a, b in zip(given, shape)):
            raise JoinError(f"{self.path}: the input is {given}; needed {shape}")
        try:
            model = self.model
            if opset(model) != version:
                model = version_converter.convert_version(model, version)
            graph = model.graph
            graph.input[0].CopyFrom(
                helper.make_tensor_value_info(graph.input[0].name, TensorProto.FLOAT, shape))
            graph.output[0].type.tensor_type.ClearField("shape")
            del graph.value_info[:]
            model = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
            graph = compose.add_prefix_graph(model.graph, name + "/")
        except Exception as error:
            raise JoinError(f"{self.path}: {error}") from error
        self.nodes = list(graph.node)
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.input, self.output = graph.input[0].name, graph.output[0].name
        self.shapes = {info.name: shape_of(info) for info in [*graph.value_info, *graph.output]}
        return self

    def require(self, condition, what):
        if not condition:
            raise JoinError(f"{self.path}: {what}")


class Joined:
    """The model under construction."""

    def __init__(self):
        self.nodes, self.constants, self.states = [], [], {}

    def add(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def constant(self, name, values, kind=np.int64):
        self.constants.append(numpy_helper.from_array(np.array(values, kind), name))
        return name

    def reshape(self, value, shape, output):
        return self.add("Reshape", [value, self.constant(output + "_shape", shape)], output)

    def remember(self, name, shape, axis, news, count):
        """A state: the last of all `news` along `axis`, of which each call brings `count`.

        Returns the state with the news behind it.
        """
        self.states[name] = shape
        joined = self.add("Concat", [name, news], name + "_and_new", axis=axis)
        bounds = [self.constant(f"{name}_{key}", [value]) for key, value in
                  (("begin", count), ("end", count + shape[axis]), ("axis", axis))]
        self.add("Slice", [joined, *bounds], "next_" + name)
        return joined

    def whole(self, network, value):
        """The network's output for `value`."""
        for node in network.nodes:
            node.input[:] = [value if name == network.input else name for name in node.input]
            self.nodes.append(node)
        self.constants += network.constants.values()
        return network.output

    def row_by_row(self, network, value):
        """The embedding network's vector for the new rows `value`, [1, 1, 8, 32]."""
        first, *layers, last = network.nodes
        network.require(first.op_type == last.op_type == "Reshape"
                        and network.shapes[first.output[0]] == [1, 1, ROWS, BANDS],
                        f"needed a Reshape to {[1, 1, ROWS, BANDS]} first and another last")
        renamed = {first.output[0]: value}
        count = NEW_ROWS
        for node in layers:
            shape = network.shapes.get(node.input[0])
            node.input[:] = [renamed.get(name, name) for name in node.input]
            if node.op_type in ("Conv", "MaxPool"):
                length, step = self.window(network, node, shape[TIME])
                network.require(count % step == 0, f"'{node.name}' steps over {count} new rows")
                if length > step:
                    node.input[0] = self.remember(
                        f"rows_{len(self.states)}",
                        [*shape[:TIME], length - step, *shape[TIME + 1:]], TIME, node.input[0], count)
                count //= step
            else:
                network.require(node.op_type in ROW_BY_ROW and not any(
                    network.constants[name].dims[-2:-1] not in ([], [1])
                    for name in node.input if name in network.constants),
                    f"'{node.name}' ({node.op_type}) is not known to work row by row")
            self.nodes.append(node)
            self.constants += [network.constants.pop(name) for name in node.input
                               if name in network.constants]
        network.require(count == 1, f"{count} new vectors in 80 ms; needed 1")
        return self.reshape(last.input[0], [1, EMBEDDING], "embedding")

    @staticmethod
    def window(network, node, rows):
        """Length and step of a window along `rows` rows, which it covers to the last."""
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        length = attributes["kernel_shape"][0]
        step = attributes.get("strides", [1, 1])[0]
        pads = attributes.get("pads", [0] * 4)
        network.require(
            attributes.get("auto_pad", b"NOTSET") == b"NOTSET" and pads[0] == pads[2] == 0
            and attributes.get("dilations", [1, 1])[0] == 1 and (rows - length) % step == 0,
            f"'{node.name}' pads, dilates or leaves out rows")
        return length, step

    def model(self, version, ir_version):
        def info(name, shape):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            self.nodes, "listener",
            [info("sound", [1, FRAME]), *(info(name, shape) for name, shape in self.states.items())],
            [info("score", [1, 1]),
             *(info("next_" + name, shape) for name, shape in self.states.items())],
            self.constants)
        model = helper.make_model(graph, producer_name="wakeword_join", ir_version=ir_version,
                                  opset_imports=[helper.make_opsetid("", version)])
        try:
            onnx.checker.check_model(model)
            shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        except Exception as error:
            raise JoinError(f"the networks do not fit together: {error}") from error
        return model


def join(melspectrogram, embedding, classifier):
    """The joined model of three files, and the names of its states. Raises JoinError."""
    networks = [Network(path) for path in (melspectrogram, embedding, classifier)]
    version = max(opset(network.model) for network in networks)
    spectrum = networks[0].prepare("melspectrogram", version, [1, OVERLAP + FRAME])
    embed = networks[1].prepare("embedding", version, [1, ROWS, BANDS, 1])
    classify = networks[2].prepare("classifier", version, [1, EMBEDDINGS, EMBEDDING])

    joined = Joined()
    sound = joined.remember("overlap", [1, OVERLAP], 1, "sound", FRAME)
    decibels = joined.reshape(joined.whole(spectrum, sound), [1, 1, NEW_ROWS, BANDS], "decibels")
    tens = joined.add("Div", [decibels, joined.constant("ten", 10, np.float32)], "tens")
    rows = joined.add("Add", [tens, joined.constant("two", 2, np.float32)], "rows")
    vector = joined.row_by_row(embed, rows)
    vectors = joined.remember("embeddings", [1, (EMBEDDINGS - 1) * EMBEDDING], 1, vector, EMBEDDING)
    window = joined.reshape(vectors, [1, EMBEDDINGS, EMBEDDING], "window")
    joined.reshape(joined.whole(classify, window), [1, 1], "score")
    return joined.model(version, max(n.model.ir_version for n in networks)), list(joined.states)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("melspectrogram")
    parser.add_argument("embedding")
    parser.add_argument("classifier")
    parser.add_argument("joined", help="the file to write")
    arguments = parser.parse_args()
    try:
        model, states = join(arguments.melspectrogram, arguments.embedding, arguments.classifier)
        onnx.save(model, arguments.joined)
    except (JoinError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name in states:
        print(f"{name}=next_{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
