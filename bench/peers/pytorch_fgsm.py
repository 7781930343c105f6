#!/usr/bin/env python3
"""FGSM and PGD in PyTorch on fmn_mnist in float32 and in float64.

In float32, 1 - p of a confident class rounds to zero, and the gradient of the cross-entropy loses the term of that
class. The same formula in float64 shows the result of the attack without this rounding.

    bench/peers/pytorch_fgsm.py DATA_FOLDER [IMAGES [EPSILON ...]]
"""
import gzip
import os
import sys

import numpy as np
import torch
from torch import nn


def idx(path, header, shape):
    name = path if os.path.exists(path) else path + ".gz"
    with (gzip.open if name.endswith(".gz") else open)(name, "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header).reshape(shape)


def network(data):
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(),
        nn.Conv2d(64, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1024, 200), nn.ReLU(), nn.Linear(200, 200),
        nn.ReLU(), nn.Linear(200, 10))
    state = torch.load(os.path.join(data, "mnist-models", "fmn_mnist.pt"), map_location="cpu")
    state = state.get("state_dict", state)
    net.load_state_dict(dict(zip(net.state_dict(), state.values())))
    return net.eval()


def attack(net, x, y, epsilon, steps, step, start):
    point = start.clone()
    for _ in range(steps):
        point.requires_grad_(True)
        gradient = torch.autograd.grad(nn.functional.cross_entropy(net(point), y, reduction="sum"), point)[0]
        point = (x + (point.detach() + step * gradient.sign() - x).clamp(-epsilon, epsilon)).clamp(0, 1)
    return int((net(point).argmax(1) != y).sum())


data = sys.argv[1]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 50
images = idx(os.path.join(data, "mnist", "t10k-images-idx3-ubyte"), 16, (-1, 1, 28, 28))[:count]
labels = torch.tensor(idx(os.path.join(data, "mnist", "t10k-labels-idx1-ubyte"), 8, (-1,))[:count].astype(np.int64))
for epsilon in [float(text) for text in sys.argv[3:]] or [0.1, 0.3]:
    for name, dtype in (("float32", torch.float32), ("float64", torch.float64)):
        net, x = network(data).to(dtype), torch.tensor(images / 255.0, dtype=dtype)
        torch.manual_seed(0)
        noise = (x + torch.empty_like(x).uniform_(-epsilon, epsilon)).clamp(0, 1)
        print(f"{name} epsilon {epsilon}: FGSM {attack(net, x, labels, epsilon, 1, epsilon, x)}, "
              f"PGD-40 {attack(net, x, labels, epsilon, 40, epsilon / 10, noise)} of {count} fooled")
