#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the wake-word networks on a recording with ONNX Runtime and compares with the device's report.

Exit code: 0 the verdicts agree, and with --tolerance the scores, 1 they do not.
"""
import argparse
import json
import sys
import wave

import numpy as np
import onnxruntime

FRAME = 1280  # samples: 80 ms
OVERLAP = 480
ROWS, BANDS, EMBEDDINGS = 76, 32, 16


class Network:
    """One network: a float array in, a float array out."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self.input = self.session.get_inputs()[0].name

    def __call__(self, values):
        return self.session.run(None, {self.input: values.astype(np.float32)})[0]


class Listener:
    """The stream that examples/wakeword/listener.h describes, from the three networks as they are:
    all 76 rows and 16 embeddings go through them in every frame."""

    def __init__(self, directory):
        self.spectrum = Network(f"{directory}/melspectrogram.onnx")
        self.embed = Network(f"{directory}/embedding_model.onnx")
        self.classify = Network(f"{directory}/alexa_v0.1.onnx")
        self.sound = np.zeros(OVERLAP + FRAME)
        self.rows = np.repeat(self.new_rows()[:1], ROWS, axis=0)
        self.embeddings = np.repeat(self.new_embedding(), EMBEDDINGS, axis=0)

    def new_rows(self):
        """Eight rows of the spectrogram, scaled as the embedding network was trained."""
        return self.spectrum(self.sound[None]).reshape(-1, BANDS) / 10 + 2

    def new_embedding(self):
        return self.embed(self.rows.reshape(1, ROWS, BANDS, 1)).reshape(1, -1)

    def hear(self, samples):
        """The score after 80 ms more of sound."""
        self.sound = np.concatenate([self.sound, samples])[-OVERLAP - FRAME :]
        self.rows = np.concatenate([self.rows, self.new_rows()])[-ROWS:]
        self.embeddings = np.concatenate([self.embeddings, self.new_embedding()])[-EMBEDDINGS:]
        return float(self.classify(self.embeddings[None])[0, 0])


def read_wav(path):
    with wave.open(path, "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", required=True, help="directory of the .onnx files")
    parser.add_argument("--report", required=True, help="what wakeword --json wrote")
    parser.add_argument("--tolerance", type=float, default=float("inf"),
                        help="largest difference of a score (default: any)")
    parser.add_argument("wav", help="the recording")
    arguments = parser.parse_args()

    with open(arguments.report, encoding="utf-8") as file:
        report = json.load(file)
    device = np.array(report["scores"])
    sound = read_wav(arguments.wav)
    sound = np.pad(sound, (0, len(device) * FRAME - len(sound)))
    listener = Listener(arguments.models)
    reference = np.array([listener.hear(frame) for frame in sound.reshape(-1, FRAME)])

    heard = bool((reference >= report["threshold"]).any())
    best = int(reference.argmax())
    difference = float(np.abs(device - reference).max())
    agree = heard == report["heard"]
    print(f"ONNX Runtime {onnxruntime.__version__} on \"{report['phrase']}\":")
    print(f"  highest score {reference[best]:.4f} at {(best + 1) * 0.08:.2f} s; device {device.max():.4f}")
    print(f"  largest difference of the {len(device)} scores: {difference:.2e}")
    print(f"  verdicts: ONNX Runtime {'heard' if heard else 'not heard'}, "
          f"device {'heard' if report['heard'] else 'not heard'}: {'SAME' if agree else 'DIFFERENT'}")
    return 0 if agree and difference <= arguments.tolerance else 1


if __name__ == "__main__":
    sys.exit(main())
