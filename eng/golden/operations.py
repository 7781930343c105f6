#!/usr/bin/python3
"""Golden values and gradients of PyTorch for operations whose conventions differ between libraries.

They are stored in tests/Temper.Tests/Tensors/Golden/operations.json.

Run from the root of the repository: /usr/bin/python3 eng/golden/operations.py (Debian: python3-torch).
Inputs are multiples of 1/64, which decimal text represents exactly; some cases use multiples of 1/2, so that ties and
zeros are common. PyTorch computes in double precision; the gradients are vector-Jacobian products with the stored
cotangent.
"""
import json
import pathlib

import torch
import torch.nn.functional as F

LABELS = torch.tensor([2, 0, 4, 4])
WEIGHTS = torch.tensor([1, 2, 0.5, 0.25, 3], dtype=torch.double)
INDEX = torch.tensor([[0, 2, 2], [1, 1, 0]])

# name: (function, input shapes, denominator of the inputs)
CASES = {
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b), [(2, 3, 5, 5), (4, 3, 3, 3), (4,)], 64),
    "conv2d stride padding dilation": (
        lambda x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=(2, 1), dilation=(2, 1)), [(2, 2, 6, 5), (3, 2, 3, 2), (3,)], 64),
    "conv2d groups": (lambda x, w: F.conv2d(x, w, stride=2, padding=1, groups=2), [(2, 4, 5, 5), (6, 2, 3, 3)], 64),
    "conv2d depthwise": (lambda x, w, b: F.conv2d(x, w, b, padding=1, groups=4), [(1, 4, 4, 4), (4, 1, 3, 3), (4,)], 64),
    "conv_transpose2d": (lambda x, w, b: F.conv_transpose2d(x, w, b), [(2, 3, 3, 3), (3, 2, 3, 3), (2,)], 64),
    "conv_transpose2d stride padding output_padding dilation": (
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride=(3, 2), padding=(1, 0), output_padding=(2, 1), dilation=(1, 2)),
        [(2, 2, 3, 3), (2, 3, 3, 2), (3,)], 64),
    "conv_transpose2d groups": (lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1, groups=2), [(1, 4, 3, 3), (4, 2, 3, 3)], 64),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), [(2, 3, 5, 4)], 64),
    "max_pool2d ties": (lambda x: F.max_pool2d(x, 3, 1, 1), [(2, 2, 4, 4)], 2),
    "max_pool2d padding ceil": (lambda x: F.max_pool2d(x, (3, 2), (2, 3), (1, 1), ceil_mode=True), [(1, 2, 6, 5)], 64),
    "max_pool2d dilation": (lambda x: F.max_pool2d(x, 2, 1, 1, dilation=2), [(1, 2, 5, 5)], 64),
    "max_pool2d nothing in the window": (lambda x: F.max_pool2d(x, (2, 1), 1, (1, 0), dilation=(2, 1)), [(1, 1, 1, 2)], 64),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 2), [(2, 3, 5, 4)], 64),
    "avg_pool2d padding ceil": (lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), [(1, 2, 6, 5)], 64),
    "avg_pool2d padding ceil not counted": (lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False), [(1, 2, 6, 5)], 64),
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, (3, 7)), [(2, 2, 5, 4)], 64),
    "batch_norm training": (lambda x, g, b: F.batch_norm(x, None, None, g, b, True, eps=1e-3), [(3, 2, 2, 3), (2,), (2,)], 64),
    "batch_norm training rows": (lambda x, g, b: F.batch_norm(x, None, None, g, b, True), [(5, 3), (3,), (3,)], 64),
    "batch_norm evaluation": (
        lambda x, g, b: F.batch_norm(x, torch.tensor([0.5, -1.0]).double(), torch.tensor([2.0, 0.25]).double(), g, b, False),
        [(3, 2, 2, 3), (2,), (2,)], 64),
    "layer_norm": (lambda x, g, b: F.layer_norm(x, (5,), g, b), [(2, 3, 5), (5,), (5,)], 64),
    "softmax": (lambda x: F.softmax(x, 1), [(2, 3, 4)], 64),
    "log_softmax": (lambda x: F.log_softmax(x, -1), [(2, 3, 4)], 64),
    "cross_entropy": (lambda x: F.cross_entropy(x, LABELS), [(4, 5)], 64),
    "cross_entropy weights": (lambda x: F.cross_entropy(x, LABELS, WEIGHTS), [(4, 5)], 64),
    "cross_entropy weights smoothing": (lambda x: F.cross_entropy(x, LABELS, WEIGHTS, label_smoothing=0.2), [(4, 5)], 64),
    "cross_entropy weights smoothing sum": (lambda x: F.cross_entropy(x, LABELS, WEIGHTS, label_smoothing=0.2, reduction="sum"), [(4, 5)], 64),
    "cross_entropy smoothing none": (lambda x: F.cross_entropy(x, LABELS, label_smoothing=0.2, reduction="none"), [(4, 5)], 64),
    "cross_entropy soft": (lambda x, t: F.cross_entropy(x, t, WEIGHTS, label_smoothing=0.2), [(4, 5), (4, 5)], 64),
    "nll_loss": (lambda x: F.nll_loss(x, LABELS), [(4, 5)], 64),
    "mse_loss": (lambda x, t: F.mse_loss(x, t), [(3, 4), (3, 4)], 64),
    "huber_loss": (lambda x, t: F.huber_loss(x, t, delta=0.75), [(3, 4), (3, 4)], 64),
    "huber_loss sum": (lambda x, t: F.huber_loss(x, t, reduction="sum"), [(3, 4), (3, 4)], 2),
    "binary_cross_entropy_with_logits": (lambda x: F.binary_cross_entropy_with_logits(x, torch.full((3, 4), 0.25).double()), [(3, 4)], 64),
    "pad": (lambda x: F.pad(x, (2, 1, 0, 3), value=0.5), [(2, 2, 3)], 64),
    "gather": (lambda x: torch.gather(x, 1, INDEX), [(2, 4)], 64),
    "index_select": (lambda x: torch.index_select(x, 1, torch.tensor([2, 0, 2])), [(2, 3, 2)], 64),
    "topk": (lambda x: torch.topk(x, 3).values, [(3, 6)], 64),
    "var": (lambda x: torch.var(x, (0, 2)), [(2, 3, 4)], 64),
    "var biased": (lambda x: torch.var(x, 1, unbiased=False, keepdim=True), [(2, 3, 4)], 64),
    "var of one": (lambda x: torch.var(x, 1), [(3, 1)], 64),
    "norm": (lambda x: torch.linalg.vector_norm(x, 2, 1), [(3, 4)], 64),
    "norm of zeros": (lambda x: torch.linalg.vector_norm(x * 0, 2), [(3,)], 64),
    "norm 1": (lambda x: torch.linalg.vector_norm(x, 1, 1), [(3, 4)], 2),
    "norm infinity": (lambda x: torch.linalg.vector_norm(x, float("inf"), 1), [(3, 4)], 64),
    "max": (lambda x: torch.max(x, 1).values, [(3, 4)], 64),
    "min": (lambda x: torch.amin(x, (0, 2)), [(3, 2, 4)], 64),
    "maximum ties": (lambda x, y: torch.maximum(x, y), [(4, 4), (4, 4)], 2),
    "minimum ties": (lambda x, y: torch.minimum(x, y), [(4, 4), (4, 4)], 2),
    "abs zeros": (torch.abs, [(4, 4)], 2),
    "sign zeros": (torch.sign, [(4, 4)], 2),
    "relu zeros": (F.relu, [(4, 4)], 2),
    "leaky_relu zeros": (lambda x: F.leaky_relu(x, 0.1), [(4, 4)], 2),
    "clamp borders": (lambda x: torch.clamp(x, -0.5, 1), [(4, 4)], 2),
    "pow zeros": (lambda x: torch.pow(x, 2), [(4, 4)], 2),
    "pow tensor": (lambda x, y: torch.pow(x * x, y), [(2, 3), (3,)], 2),
    "softplus large": (lambda x: F.softplus(32 * x), [(4, 4)], 64),
    "divide": (lambda x, y: x / y, [(2, 1, 3), (2, 1)], 64),
    "matmul": (torch.matmul, [(2, 1, 3, 4), (3, 4, 2)], 64),
    "matmul vector": (torch.matmul, [(2, 3, 4), (4,)], 64),
    "linear": (F.linear, [(2, 3, 4), (5, 4), (5,)], 64),
    "mean": (lambda x: torch.mean(x, (0, -1), keepdim=True), [(2, 3, 4)], 64),
    "slice": (lambda x: x[:, -4:-1:2], [(2, 5)], 64),
}


def numbers(x):
    return [float(f"{v:.8g}") if v == v and abs(v) != float("inf") else str(v) for v in x.detach().reshape(-1).tolist()]


def entry(x):
    return {"shape": list(x.shape), "values": numbers(x)}


def main():
    torch.manual_seed(2)
    cases = {}
    for name, (function, shapes, step) in CASES.items():
        inputs = [(torch.randint(-2 * step, 2 * step + 1, shape).double() / step).requires_grad_(True) for shape in shapes]
        output = function(*inputs)
        cotangent = torch.randint(-64, 65, output.shape).double() / 64
        gradients = torch.autograd.grad(output, inputs, cotangent)
        cases[name] = {
            "inputs": [entry(x) for x in inputs], "output": entry(output), "cotangent": entry(cotangent), "gradients": [entry(g) for g in gradients]}
    path = pathlib.Path("tests/Temper.Tests/Tensors/Golden/operations.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(case, separators=(',', ':'))}" for name, case in cases.items()) + "\n}\n")


if __name__ == "__main__":
    main()
