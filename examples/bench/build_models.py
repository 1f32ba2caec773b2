#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the benchmark networks as ONNX files, in the layout of a model zoo.

usage: build_models.py DIRECTORY [--only NAME ...]

Structure comes from torchvision and transformers, weights are random with a fixed seed (cycles do
not depend on them). INT8 networks are quantised by ONNX Runtime: QuantizeLinear/DequantizeLinear
pairs, one scale a channel for weights, one a tensor for activations, calibrated on random inputs.
Inputs are INT8 where the first operator is quantised, and so are outputs that end in
DequantizeLinear. Of BERT all matrix products are INT8 and the rest is float; it starts at the word
embeddings: looking them up is left to the application. Each network has a small sibling,
NAME_small, for quick tests.
"""
import argparse
import collections
import pathlib
import tempfile

import cases
import folder
import numpy as np
import onnx
import torch
import torchvision
import transformers
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

SEED = 7
OPSET = 17
CALIBRATION_INPUTS = 2
SETTLING_BATCHES = 4


def settle(model, shape):
    """Gives batch normalisation scales and the statistics of random inputs, so that activations
    keep their size through the depth of the network."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.7, 1.3)
            torch.nn.init.normal_(module.bias, 0.0, 0.1)
            module.momentum = None
            module.reset_running_stats()
    model.train()
    with torch.no_grad():
        for _ in range(SETTLING_BATCHES):
            model(torch.randn(4, *shape[1:]))
    return model.eval()


def picture_network(make):
    def build(size):
        shape = (1, 3, size, size)
        return settle(make(weights=None), shape), shape

    return build


class BertEncoder(torch.nn.Module):
    """BERT-base from word embeddings to the last hidden state."""

    def __init__(self, layers, sequence):
        super().__init__()
        self.register_buffer("segments", torch.zeros(1, sequence, dtype=torch.int64))
        self.register_buffer("positions", torch.arange(sequence)[None])
        config = transformers.BertConfig(num_hidden_layers=layers, attn_implementation="eager")
        self.bert = transformers.BertModel(config, add_pooling_layer=False)

    def forward(self, embeddings):
        return self.bert(inputs_embeds=embeddings, token_type_ids=self.segments,
                         position_ids=self.positions).last_hidden_state


def bert(layers):
    def build(sequence):
        return BertEncoder(layers, sequence).eval(), (1, sequence, 768)

    return build


def export(build, size, path):
    """Writes the float network; returns the shape of its input."""
    torch.manual_seed(SEED)
    model, shape = build(size)
    with torch.no_grad():
        torch.onnx.export(model, (torch.randn(shape),), path, opset_version=OPSET, dynamo=False,
                          input_names=["x"], output_names=["y"])
    return shape


class RandomInputs(CalibrationDataReader):
    def __init__(self, shape):
        random = np.random.default_rng(SEED)
        self.left = [random.normal(0, 1, shape).astype(np.float32) for _ in range(CALIBRATION_INPUTS)]

    def get_next(self):
        return {"x": self.left.pop()} if self.left else None


def quantize(source, target, shape, operators):
    quantize_static(source, target, RandomInputs(shape), quant_format=QuantFormat.QDQ,
                    op_types_to_quantize=operators, per_channel=True,
                    activation_type=QuantType.QInt8, weight_type=QuantType.QInt8,
                    extra_options={"OpTypesToExcludeOutputQuantization": ["MatMul"]})


def join_activations(path):
    """Removes QuantizeLinear and DequantizeLinear between an operator and the Relu or Clip that
    follows it: the range that is stored is that of the activation's result."""
    model = onnx.load(path)
    graph = model.graph
    maker = {name: node for node in graph.node for name in node.output}
    readers = collections.Counter(name for node in graph.node for name in node.input)
    for node in graph.node:
        back = maker.get(node.input[0]) if node.op_type in ("Relu", "Clip") else None
        stored = maker.get(back.input[0]) if back and back.op_type == "DequantizeLinear" else None
        if stored and readers[back.output[0]] == readers[stored.output[0]] == 1:
            node.input[0] = stored.input[0]
            graph.node.remove(back)
            graph.node.remove(stored)
    onnx.save(model, path)


def use_integer_ports(path):
    """Removes QuantizeLinear after the input and, where the network ends with it, DequantizeLinear
    before the output: the network takes and gives INT8. False where it starts with floats."""
    model = onnx.load(path)
    graph = model.graph
    first = next((n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] == "x"), None)
    if first is None:
        return False
    last = next(n for n in graph.node if n.output[0] == "y")
    for node in graph.node:
        node.input[:] = ["x" if name == first.output[0] else name for name in node.input]
    graph.node.remove(first)
    graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.INT8
    if last.op_type == "DequantizeLinear":
        for node in graph.node:
            node.output[:] = ["y" if name == last.input[0] else name for name in node.output]
        graph.node.remove(last)
        graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT8
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return True


def make(root, name, build, size, operators):
    """Builds one network (INT8 when it has operators to quantise); returns its manifest entry."""
    path = root / "models" / f"{name}.onnx"
    random = np.random.default_rng(SEED + 1)
    with tempfile.TemporaryDirectory() as scratch:
        exported, prepared = f"{scratch}/exported.onnx", f"{scratch}/prepared.onnx"
        shape = export(build, size, exported)
        quant_pre_process(exported, prepared, skip_symbolic_shape=True,
                          skip_optimization=operators is not VISION)
        array = random.normal(0, 1, shape).astype(np.float32)
        if operators:
            quantize(prepared, path, shape, operators)
            join_activations(path)
            if use_integer_ports(path):
                array = random.integers(-127, 128, shape).astype(np.int8)
        else:
            onnx.save(onnx.load(prepared), path)
    return cases.write(root, name, array)


VISION = ["Conv", "Gemm", "Add", "MaxPool", "GlobalAveragePool", "Concat"]
LANGUAGE = ["MatMul"]  # biases, activation functions, additions and normalisation stay float
MODELS = torchvision.models
# name: structure, size of the input, operators to quantise
NETWORKS = {
    "resnet50_int8": (picture_network(MODELS.resnet50), 224, VISION),
    "resnet50_int8_small": (picture_network(MODELS.resnet50), 56, VISION),
    "squeezenet11_int8": (picture_network(MODELS.squeezenet1_1), 224, VISION),
    "squeezenet11_int8_small": (picture_network(MODELS.squeezenet1_1), 56, VISION),
    "mobilenetv2_int8": (picture_network(MODELS.mobilenet_v2), 224, VISION),
    "mobilenetv2_int8_small": (picture_network(MODELS.mobilenet_v2), 56, VISION),
    "bert_base_int8": (bert(12), 128, LANGUAGE),
    "bert_base_int8_small": (bert(1), 32, LANGUAGE),
    "bert_base_fp32": (bert(12), 128, None),
    "bert_base_fp32_small": (bert(1), 32, None),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    arguments = parser.parse_args()
    (arguments.directory / "models").mkdir(parents=True, exist_ok=True)
    for name in arguments.only:
        entry = make(arguments.directory, name, *NETWORKS[name])
        folder.add_to_manifest(arguments.directory, entry, list(NETWORKS), cases.REFERENCE)


if __name__ == "__main__":
    main()
