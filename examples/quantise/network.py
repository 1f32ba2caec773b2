# SPDX-License-Identifier: Apache-2.0
"""A small convolutional network in NumPy: training by gradient descent, and export to ONNX.

    x [N, 1, 8, 8] -> 3x3 convolution, ReLU, 2x2 max pool -> 3x3 convolution, ReLU -> linear -> 10 scores
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
CHANNELS = 16


def columns(x):
    """The 3x3 windows of x padded by one: [N, C, H, W] -> [N, H, W, 9 C]."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(*x.shape[:1], *x.shape[2:], -1)


def scatter(gradient, shape):
    """The adjoint of columns: adds every window's gradient to the elements it covers."""
    n, c, h, w = shape
    windows = gradient.reshape(n, h, w, c, 3, 3)
    padded = np.zeros((n, c, h + 2, w + 2), np.float32)
    for y in range(3):
        for x in range(3):
            padded[:, :, y:y + h, x:x + w] += windows[:, :, :, :, y, x].transpose(0, 3, 1, 2)
    return padded[:, :, 1:-1, 1:-1]


class Convolution:
    def __init__(self, random, inputs, outputs):
        self.weight = random.normal(0, (2 / (9 * inputs)) ** 0.5, (9 * inputs, outputs)).astype(np.float32)
        self.bias = np.zeros(outputs, np.float32)

    def forward(self, x):
        self.shape, self.windows = x.shape, columns(x)
        self.sums = (self.windows @ self.weight + self.bias).transpose(0, 3, 1, 2)
        return np.maximum(self.sums, 0)

    def backward(self, gradient):
        gradient = (gradient * (self.sums > 0)).transpose(0, 2, 3, 1)
        flat = gradient.reshape(-1, gradient.shape[-1])
        self.gradients = [self.windows.reshape(len(flat), -1).T @ flat, flat.sum(axis=0)]
        return scatter(gradient @ self.weight.T, self.shape)


class MaxPool:
    def forward(self, x):
        n, c, h, w = x.shape
        blocks = x.reshape(n, c, h // 2, 2, w // 2, 2)
        result = blocks.max(axis=(3, 5))
        self.chosen = blocks == result[:, :, :, None, :, None]
        return result

    def backward(self, gradient):
        spread = self.chosen * gradient[:, :, :, None, :, None]
        n, c, h, _, w, _ = spread.shape
        return spread.reshape(n, c, 2 * h, 2 * w)


class Linear:
    def __init__(self, random, inputs, outputs):
        self.weight = random.normal(0, (1 / inputs) ** 0.5, (inputs, outputs)).astype(np.float32)
        self.bias = np.zeros(outputs, np.float32)

    def forward(self, x):
        self.shape, self.flat = x.shape, x.reshape(len(x), -1)
        return self.flat @ self.weight + self.bias

    def backward(self, gradient):
        self.gradients = [self.flat.T @ gradient, gradient.sum(axis=0)]
        return (gradient @ self.weight.T).reshape(self.shape)


class Network:
    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.random = random
        self.layers = [Convolution(random, 1, CHANNELS), MaxPool(),
                       Convolution(random, CHANNELS, 2 * CHANNELS), Linear(random, 2 * CHANNELS * 16, 10)]
        self.trained = [layer for layer in self.layers if hasattr(layer, "weight")]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def train(self, images, labels, epochs, rate=0.05, momentum=0.9, batch=32):
        """Stochastic gradient descent on the cross entropy; returns the last epoch's mean loss."""
        speed = [[np.zeros_like(layer.weight), np.zeros_like(layer.bias)] for layer in self.trained]
        for _ in range(epochs):
            losses = []
            order = self.random.permutation(len(images))
            for first in range(0, len(images), batch):
                chosen = order[first:first + batch]
                scores = self.forward(images[chosen])
                exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
                gradient = exponentials / exponentials.sum(axis=1, keepdims=True)
                rows = np.arange(len(chosen))
                losses.append(-np.log(gradient[rows, labels[chosen]] + 1e-9).mean())
                gradient[rows, labels[chosen]] -= 1
                gradient /= len(chosen)
                for layer in reversed(self.layers):
                    gradient = layer.backward(gradient)
                for layer, speeds in zip(self.trained, speed):
                    for parameter, step, towards in zip((layer.weight, layer.bias), speeds, layer.gradients):
                        step *= momentum
                        step -= rate * towards
                        parameter += step
        return float(np.mean(losses))

    def save(self, path, batch):
        """Writes the network as ONNX for inputs [batch, 1, 8, 8]."""
        first, _, second, last = self.layers
        constants = {
            "w0": first.weight.T.reshape(CHANNELS, 1, 3, 3), "b0": first.bias,
            "w1": second.weight.T.reshape(2 * CHANNELS, CHANNELS, 3, 3), "b1": second.bias,
            "w2": last.weight.T, "b2": last.bias,
        }
        node = helper.make_node
        nodes = [
            node("Conv", ["x", "w0", "b0"], ["c0"], "first", kernel_shape=[3, 3], pads=[1] * 4),
            node("Relu", ["c0"], ["r0"], "first_relu"),
            node("MaxPool", ["r0"], ["p0"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
            node("Conv", ["p0", "w1", "b1"], ["c1"], "second", kernel_shape=[3, 3], pads=[1] * 4),
            node("Relu", ["c1"], ["r1"], "second_relu"),
            node("Flatten", ["r1"], ["f"], "flatten"),
            node("Gemm", ["f", "w2", "b2"], ["y"], "classifier", transB=1),
        ]
        graph = helper.make_graph(
            nodes, "digits", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 1, 8, 8])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 10])],
            [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in constants.items()])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)
