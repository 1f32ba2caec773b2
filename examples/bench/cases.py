# SPDX-License-Identifier: Apache-2.0
"""A benchmark network's case: random inputs with the outputs of ONNX Runtime."""
import numpy as np
import onnxruntime

REFERENCE = f"onnxruntime {onnxruntime.__version__}"

# Random weights amplify single roundings: ONNX Runtime with and without optimisation differs from
# itself by 12 (resnet50_int8) to 91 steps (mobilenetv2_int8_small), and by 5.4% (bert_base_int8),
# where a change of the input by 1e-6 already moves the output by 5.0%.
MOST_STEPS = 32
LEAST_RELATIVE_L2 = 0.05
MARGIN = 1.25  # of what ONNX Runtime differs from itself, where that is more


def run(path, array, optimised=False):
    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimised else levels.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": array})[0]


def allowed_relative_l2(path, array, result):
    """A twentieth of the output, or what ONNX Runtime's own result is uncertain by."""
    difference = run(path, array, optimised=True).astype(float) - result
    own = np.linalg.norm(difference) / np.linalg.norm(result.astype(float))
    return max(LEAST_RELATIVE_L2, MARGIN * float(own))


def write(root, name, array):
    """Runs the network on its input `array`; writes the case and returns the manifest's entry."""
    path = root / "models" / f"{name}.onnx"
    result = run(str(path), array)
    if "int8" in name:
        tolerance = {"max_lsb": MOST_STEPS, "abs": [0.1], "rel": 0.02}
    else:
        tolerance = {"fp32": {"abs": [1e-3], "rel": 1e-3}}
    if result.dtype == np.float32:
        tolerance["reduced"] = {"relative_l2": [allowed_relative_l2(str(path), array, result)]}
    directory = root / "cases" / name / "random"
    directory.mkdir(parents=True, exist_ok=True)
    np.save(directory / "input_0.npy", array)
    np.save(directory / "output_0.npy", result)
    print(f"{name}: input {list(array.shape)}, output {list(result.shape)}, "
          f"standard deviation {result.astype(float).std():.3g}", flush=True)
    return {
        "name": name, "file": f"models/{name}.onnx", "tolerance": tolerance,
        "inputs": [{"name": "x", "dtype": str(array.dtype), "shape": list(array.shape)}],
        "outputs": [{"name": "y", "dtype": str(result.dtype), "shape": list(result.shape)}],
        "cases": [{"name": "random", "dir": f"cases/{name}/random", "kind": "single", "check": []}],
    }
