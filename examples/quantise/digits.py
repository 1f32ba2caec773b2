#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a network on scikit-learn's handwritten digits, quantises it with ONNX Runtime's tools, runs
it on the device, and prints the accuracy on images that training has not seen, before and after.

usage: digits.py [--epochs N] [--images N] [--directory DIR] [--device URI] [--neuron PATH]

Exit codes: 0 ok, 1 the device differs from ONNX Runtime or quantising cost more than two points.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import numpy as np
import onnxruntime
from network import Network
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCH = 30
MOST_LOST = 0.02  # accuracy
LEAST_AGREEING = 0.99  # classes that the device and ONNX Runtime choose alike


class Calibration(CalibrationDataReader):
    """Training images, from which ONNX Runtime finds the range of every tensor."""

    def __init__(self, images):
        self.batches = iter(images[:len(images) // BATCH * BATCH].reshape(-1, BATCH, 1, 8, 8))

    def get_next(self):
        batch = next(self.batches, None)
        return None if batch is None else {"x": batch}


def quantise(source, target, images):
    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(source, prepared)
    quantize_static(prepared, target, Calibration(images), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)


def on_host(path, images):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"x": batch})[0] for batch in images])


def on_device(arguments, path, images, *options):
    """Scores, and the cycles of one batch."""
    package = path.with_suffix(".ncx")
    subprocess.run([arguments.neuron, "compile", path, "-o", package, *options], check=True,
                   stdout=subprocess.DEVNULL)
    scores, cycles = [], 0
    for index, batch in enumerate(images):
        directory = arguments.directory / f"batch_{index}"
        directory.mkdir(exist_ok=True)
        np.save(directory / "x.npy", batch)
        subprocess.run([arguments.neuron, "run", package, "--device", arguments.device,
                        "--input", f"x={directory / 'x.npy'}", "--output-dir", directory,
                        "--json", directory / "run.json"], check=True, stdout=subprocess.DEVNULL)
        scores.append(np.load(directory / "y.npy"))
        cycles = json.loads((directory / "run.json").read_text(encoding="utf-8"))["cycles"]
    return np.concatenate(scores), cycles


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--images", type=int, default=0, help="of the held-out ones; 0: all")
    parser.add_argument("--directory", type=pathlib.Path, default=ROOT / "build/quantise")
    parser.add_argument("--device", default="functional")
    parser.add_argument("--neuron", type=pathlib.Path, default=ROOT / "build/release/bin/neuron")
    return parser.parse_args()


def main():
    arguments = parse()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    data = load_digits()
    pictures = (data.images / 16).astype(np.float32)[:, None]
    train_x, test_x, train_y, test_y = train_test_split(
        pictures, data.target, test_size=0.25, random_state=3, stratify=data.target)
    count = (arguments.images or len(test_x)) // BATCH * BATCH
    batches, labels = test_x[:count].reshape(-1, BATCH, 1, 8, 8), test_y[:count]

    network = Network(seed=1)
    loss = network.train(train_x, train_y, arguments.epochs)
    print(f"trained on {len(train_x)} images, {arguments.epochs} epochs, loss {loss:.4f}; "
          f"measured on {count} others, in batches of {BATCH}")
    floats, integers = arguments.directory / "digits.onnx", arguments.directory / "digits_int8.onnx"
    network.save(floats, BATCH)
    quantise(floats, integers, train_x)

    accuracy, failed = {}, False
    print(f"{'':<22} {'ONNX Runtime':>13} {'device':>8} {'same class':>11} {'cycles/image':>13}")
    for name, path, options in (("float32", floats, ()), ("bfloat16 (auto-cast)", floats, ("--auto-cast", "bf16")),
                                ("int8", integers, ())):
        expected = on_host(path, batches).argmax(axis=1)
        scores, cycles = on_device(arguments, path, batches, *options)
        classes = scores.argmax(axis=1)
        accuracy[name] = (classes == labels).mean()
        agreeing = (classes == expected).mean()
        failed |= bool(agreeing < LEAST_AGREEING)
        print(f"{name:<22} {(expected == labels).mean():>13.2%} {accuracy[name]:>8.2%} {agreeing:>11.2%} "
              f"{cycles / BATCH:>13,.0f}")
    change = accuracy["int8"] - accuracy["float32"]
    print(f"quantising changed the accuracy by {100 * change:+.2f} points")
    return 1 if failed or change < -MOST_LOST else 0


if __name__ == "__main__":
    sys.exit(main())
