# SPDX-License-Identifier: Apache-2.0
"""The operators of random models: each function draws one, appends it to x and returns its output.

A function raises Refused when it does not fit x. `b.weights` makes a constant weight tensor, as floats
or, in an 8-bit model, as integers with a DequantizeLinear behind them; `b.bias` is made for the
product of x and w.
"""
import numpy as np

from random_model import Refused


def window(b, spatial, largest=5):
    """Random attributes of a window over axes of these sizes; pads smaller than the kernel."""
    kernel = [b.integer(1, min(largest, n)) for n in spatial]
    strides = [b.integer(1, 3) if b.chance(0.4) else 1 for _ in spatial]
    dilations = [b.integer(1, 3) if b.chance(0.25) else 1 for _ in spatial]
    pads = [b.integer(0, k - 1) if b.chance(0.6) else 0 for _ in range(2) for k in kernel]
    return {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": pads}


def need(condition):
    if not condition:
        raise Refused("does not fit")


def conv(b, x):
    shape = b.values[x].shape
    need(len(shape) in (3, 4))
    channels = shape[1]
    groups = b.choice([g for g in range(1, channels + 1) if channels % g == 0]) if b.chance(0.4) else 1
    filters = groups * b.integer(1, max(1, 40 // groups))
    attributes = window(b, shape[2:])
    if b.chance(0.15) and max(attributes["dilations"]) == 1:
        del attributes["pads"]
        attributes["auto_pad"] = b.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
    w = b.weights((filters, channels // groups, *attributes["kernel_shape"]), axis=0)
    bias = [b.bias(filters, x, w)] if b.chance(0.6) else []
    return b.emit("Conv", [x, w, *bias], group=groups, **attributes)


def conv_transpose(b, x):
    shape = b.values[x].shape
    need(len(shape) in (3, 4))
    channels = shape[1]
    attributes = window(b, shape[2:], 4)
    attributes["dilations"] = [1] * len(shape[2:])
    attributes["output_padding"] = [b.integer(0, s - 1) for s in attributes["strides"]]
    w = b.weights((channels, b.integer(1, 20), *attributes["kernel_shape"]), axis=1)
    bias = [b.bias(b.values[w].shape[1], x, w)] if b.chance(0.6) else []
    return b.emit("ConvTranspose", [x, w, *bias], **attributes)


def matmul(b, x):
    shape = b.values[x].shape
    need(len(shape) >= 2)
    y = b.emit("MatMul", [x, b.weights((shape[-1], b.integer(1, 48)), axis=1)])
    return b.emit("Add", [y, b.normal(b.values[y].shape[-1])]) if b.chance(0.5) and not b.quantized else y


def gemm(b, x):
    shape = b.values[x].shape
    need(len(shape) == 2)
    flip_a, flip_b = (0, b.integer(0, 1)) if b.quantized else (b.integer(0, 1), b.integer(0, 1))
    depth, width = shape[0 if flip_a else 1], b.integer(1, 48)
    w = b.weights((width, depth) if flip_b else (depth, width), axis=0 if flip_b else 1)
    bias = [b.bias(width, x, w)] if b.chance(0.7) else []
    attributes = {"transA": flip_a, "transB": flip_b}
    if b.chance(0.2) and not b.quantized:
        attributes.update(alpha=0.5, beta=0.75)
    return b.emit("Gemm", [x, w, *bias], **attributes)


def attention(b, x):
    """The product of x with its own transpose."""
    rank = b.values[x].ndim
    need(rank >= 2 and not b.quantized)
    order = [*range(rank - 2), rank - 1, rank - 2]
    scaled = b.emit("Mul", [x, b.constant(b.values[x].shape[-1] ** -0.5)])
    return b.emit("MatMul", [scaled, b.emit("Transpose", [x], perm=order)])


def unary(b, x):
    op, attributes = b.choice(
        [("Relu", {}), ("LeakyRelu", {"alpha": 0.2}), ("Abs", {}), ("Neg", {}), ("Sigmoid", {}), ("Tanh", {})]
        + [("HardSigmoid", {"alpha": 0.25, "beta": 0.5}), ("Elu", {"alpha": 0.8}), ("Softplus", {}), ("Erf", {})]
        + [("HardSwish", {}), ("Softsign", {}), ("Identity", {})]
    )
    return b.emit(op, [x], **attributes)


def exact_unary(b, x):
    """Those that give the same bits everywhere."""
    rounding = ["Floor", "Ceil", "Round"] if b.power_of_two else []  # a step before would become a whole number
    return b.emit(b.choice(["Relu", "Abs", "Neg", "Identity", *rounding]), [x])


def clip(b, x):
    low, high = sorted(np.round(b.random.normal(0, 1, 2) * 16) / 16)
    return b.emit("Clip", [x, b.constant(low), b.constant(high)])


def positive(b, x):
    """A function of a tensor that was made positive."""
    y = b.emit("Add", [b.emit("Abs", [x]), b.constant(0.5)])
    op = b.choice(["Sqrt", "Log", "Reciprocal", "Pow"])
    return b.emit(op, [y, b.constant(b.choice([0.5, 2.0, 3.0]))] if op == "Pow" else [y])


def exponential(b, x):
    return b.emit("Exp", [b.emit("Clip", [x, b.constant(-4.0), b.constant(2.0)])])


def silu(b, x):
    return b.emit("Mul", [x, b.emit("Sigmoid", [x])])


def broadcast_shape(b, shape):
    """A shape that broadcasts to `shape`."""
    kept = [n if b.chance(0.6) else 1 for n in shape]
    return kept[b.integer(0, len(kept)) :] if b.chance(0.4) else kept


def binary_constant(b, x):
    op = b.choice(["Add", "Sub", "Mul", "Max", "Min", "PRelu"])
    k = b.normal(*broadcast_shape(b, b.values[x].shape))
    swap = op in ("Add", "Sub", "Mul", "Max", "Min") and b.chance(0.3)
    return b.emit(op, [k, x] if swap else [x, k])


def divide(b, x):
    shape = broadcast_shape(b, b.values[x].shape)
    return b.emit("Div", [x, b.constant(b.random.uniform(0.5, 2, shape))])


def binary_tensors(b, x):
    """x with another computed tensor that broadcasts to it, perhaps itself."""
    shape = b.values[x].shape
    others = [n for n in b.usable if np.broadcast_shapes(b.values[n].shape, (1,)) and fits(b.values[n].shape, shape)]
    need(others)
    op = b.choice(["Add", "Sub", "Mul", "Max", "Min"])
    pair = [x, b.choice(others)]
    return b.emit(op, pair[::-1] if b.chance(0.5) else pair)


def fits(a, b):
    try:
        return np.broadcast_shapes(a, b) == b
    except ValueError:
        return False


def exact_binary(b, x):
    shape = b.values[x].shape
    others = [n for n in b.usable if fits(b.values[n].shape, shape)]
    need(others)
    return b.emit(b.choice(["Add", "Sub", "Max", "Min"]), [x, b.choice(others)])


def reduce(b, x):
    rank = b.values[x].ndim
    need(rank >= 2)
    axes = sorted(b.random.choice(rank, b.integer(1, rank), replace=False).tolist())
    op = b.choice(["ReduceMax", "ReduceMin"] if b.quantized else ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum"])
    keep = b.integer(0, 1) if len(axes) < rank else 1
    if op == "ReduceSum":
        return b.emit(op, [x, b.constant(axes, np.int64)], keepdims=keep)
    return b.emit(op, [x], axes=axes, keepdims=keep)


def softmax(b, x):
    return b.emit(b.choice(["Softmax", "Softmax", "LogSoftmax"]), [x], axis=b.integer(0, b.values[x].ndim - 1))


def max_pool(b, x):
    shape = b.values[x].shape
    need(len(shape) in (3, 4))
    return b.emit("MaxPool", [x], ceil_mode=b.integer(0, 1), **window(b, shape[2:]))


def average_pool(b, x):
    shape = b.values[x].shape
    need(len(shape) in (3, 4))
    attributes = window(b, shape[2:])
    del attributes["dilations"]
    return b.emit("AveragePool", [x], count_include_pad=b.integer(0, 1), **attributes)


def global_pool(b, x):
    need(b.values[x].ndim in (3, 4))
    return b.emit(b.choice(["GlobalMaxPool"] if b.quantized else ["GlobalAveragePool", "GlobalMaxPool"]), [x])


def normalization(b, x):
    shape = b.values[x].shape
    need(len(shape) >= 2)
    n = shape[1]
    scale, shift = b.constant(b.random.uniform(0.5, 1.5, n)), b.normal(n)
    op = b.choice(["BatchNormalization", "InstanceNormalization", "LayerNormalization"])
    if op == "BatchNormalization":
        return b.emit(op, [x, scale, shift, b.normal(n), b.constant(b.random.uniform(0.5, 1.5, n))])
    if op == "InstanceNormalization":
        need(len(shape) >= 3 and np.prod(shape[2:]) >= 8)
        return b.emit(op, [x, scale, shift], epsilon=0.01)
    axis = b.integer(1, len(shape) - 1)
    need(np.prod(shape[axis:]) >= 8)
    return b.emit(op, [x, b.constant(b.random.uniform(0.5, 1.5, shape[axis:])), b.normal(*shape[axis:])], axis=axis)


def reshape(b, x):
    count = b.values[x].size
    shape = []
    while count > 1 and len(shape) < 3 and b.chance(0.8):
        shape.append(b.choice([d for d in range(1, count + 1) if count % d == 0]))
        count //= shape[-1]
    shape.append(count)
    if b.chance(0.3):
        shape[b.integer(0, len(shape) - 1)] = -1
    return b.emit("Reshape", [x, b.constant(shape, np.int64)])


def transpose(b, x):
    return b.emit("Transpose", [x], perm=b.random.permutation(b.values[x].ndim).tolist())


def axes_change(b, x):
    shape = b.values[x].shape
    ones = [i for i, n in enumerate(shape) if n == 1]
    if ones and len(shape) > 1 and b.chance(0.5):
        return b.emit("Squeeze", [x, b.constant([b.choice(ones)], np.int64)])
    if b.chance(0.4):
        return b.emit("Flatten", [x], axis=b.integer(0, len(shape)))
    need(len(shape) < 4)
    return b.emit("Unsqueeze", [x, b.constant([b.integer(0, len(shape))], np.int64)])


def slice_(b, x):
    shape = b.values[x].shape
    axes = sorted(b.random.choice(len(shape), b.integer(1, len(shape)), replace=False).tolist())
    starts, ends, steps = [], [], []
    for axis in axes:
        low = b.integer(0, shape[axis] - 1)
        high = b.integer(low + 1, shape[axis])
        step = b.choice([1, 1, 1, 2, 3, -1, -2])
        starts.append(low if step > 0 else high - 1)
        ends.append(high if step > 0 else (low - 1 if low > 0 else -shape[axis] - 1))
        steps.append(step)
    return b.emit("Slice", [x, *(b.constant(v, np.int64) for v in (starts, ends, axes, steps))])


def concat(b, x):
    shape = b.values[x].shape
    axis = b.integer(0, len(shape) - 1)

    def joins(other):
        return len(other) == len(shape) and all(i == axis or p == q for i, (p, q) in enumerate(zip(other, shape)))

    parts = [x] + [b.choice([n for n in b.usable if joins(b.values[n].shape)]) for _ in range(b.integer(1, 2))]
    return b.emit("Concat", [parts[i] for i in b.random.permutation(len(parts))], axis=axis)


def split(b, x):
    shape = b.values[x].shape
    axis = b.integer(0, len(shape) - 1)
    need(shape[axis] >= 2)
    first = b.integer(1, shape[axis] - 1)
    parts = b.emit("Split", [x, b.constant([first, shape[axis] - first], np.int64)], outputs=2, axis=axis)
    b.usable += parts
    return b.choice(parts)


def pad(b, x):
    shape = b.values[x].shape
    mode = b.choice(["constant", "constant", "reflect", "edge"])
    pads = [b.integer(0, min(3, n - 1)) if b.chance(0.5) else 0 for _ in range(2) for n in shape]
    return b.emit("Pad", [x, b.constant(pads, np.int64)], mode=mode)


def copies(b, x):
    shape = b.values[x].shape
    op = b.choice(["Expand", "Tile", "Gather"])
    if op == "Expand":
        return b.emit(op, [x, b.constant([b.integer(1, 3) if n == 1 else n for n in shape], np.int64)])
    if op == "Tile":
        return b.emit(op, [x, b.constant([b.integer(1, 2) for _ in shape], np.int64)])
    axis = b.integer(0, len(shape) - 1)
    picked = b.random.integers(0, shape[axis], b.integer(1, 6))
    return b.emit(op, [x, b.constant(picked, np.int64)], axis=axis)


def resize(b, x):
    shape = b.values[x].shape
    need(len(shape) == 4)
    mode, coordinates = b.choice([("nearest", "asymmetric"), ("linear", "half_pixel"), ("linear", "align_corners")])
    scales = [1.0, 1.0, float(b.integer(1, 3)), float(b.integer(1, 3))]
    attributes = {"nearest_mode": "floor"} if mode == "nearest" else {}
    inputs = [x, "", b.constant(scales)]
    return b.emit("Resize", inputs, mode=mode, coordinate_transformation_mode=coordinates, **attributes)


def move_stored(b, x):
    """Integers that move without being read as numbers."""
    state = b.snapshot()
    try:
        return b.choice([reshape, transpose, axes_change, slice_, copies])(b, x)
    except Refused:
        b.restore(state)
        return x


MOVEMENTS = [reshape, transpose, axes_change, slice_, concat, split, pad, copies]
MATRICES = [conv, conv, conv, matmul, gemm]
FLOAT = (
    MATRICES * 2
    + MOVEMENTS
    + [conv_transpose, attention, unary, unary, clip, positive, exponential, silu, binary_constant, binary_constant]
    + [divide, binary_tensors, binary_tensors, reduce, reduce, softmax, max_pool, average_pool, global_pool]
    + [normalization, resize]
)
# Operators whose result on exactly represented operands is exact, so that 8-bit models agree to the bit.
EXACT = MATRICES * 2 + MOVEMENTS + [exact_unary, exact_unary, clip, exact_binary, exact_binary, reduce, max_pool, global_pool]
# Operators that end an 8-bit model: one step of the last quantisation may differ.
INEXACT = [unary, silu, softmax, average_pool, exponential, binary_constant]
