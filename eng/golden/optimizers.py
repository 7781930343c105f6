#!/usr/bin/python3
"""Golden trajectories of torch.optim for a fixed sequence of gradients.

They are stored in tests/Temper.Tests/Optimization/Golden/optimizers.json.
Run from the root of the repository: /usr/bin/python3 eng/golden/optimizers.py (Debian: python3-torch).
"""
import json
import pathlib

import torch

STEPS, LENGTH = 12, 5
CASES = {
    "sgd": (torch.optim.SGD, dict(lr=0.1)),
    "sgd decay": (torch.optim.SGD, dict(lr=0.1, weight_decay=0.05)),
    "sgd momentum": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, weight_decay=0.01)),
    "sgd dampening": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, dampening=0.3)),
    "sgd nesterov": (torch.optim.SGD, dict(lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.01)),
    "adam": (torch.optim.Adam, dict(lr=0.01)),
    "adam options": (torch.optim.Adam, dict(lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1)),
    "adamw": (torch.optim.AdamW, dict(lr=0.01, weight_decay=0.1)),
    "adadelta": (torch.optim.Adadelta, dict(lr=1.0)),
    "adadelta options": (torch.optim.Adadelta, dict(lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.1)),
    "rmsprop": (torch.optim.RMSprop, dict(lr=0.01)),
    "rmsprop centered": (torch.optim.RMSprop, dict(lr=0.01, alpha=0.9, eps=1e-3, centered=True, weight_decay=0.1)),
    "rmsprop momentum": (torch.optim.RMSprop, dict(lr=0.01, momentum=0.9)),
    "rmsprop all": (torch.optim.RMSprop, dict(lr=0.01, momentum=0.5, centered=True)),
}


def main():
    torch.manual_seed(1)
    start = torch.randn(LENGTH)
    gradients = torch.randn(STEPS, LENGTH)
    result = {"start": start.tolist(), "gradients": gradients.tolist(), "trajectories": {}}
    for name, (kind, options) in CASES.items():
        weight = start.clone().requires_grad_(True)
        optimizer = kind([weight], **options)
        trajectory = []
        for gradient in gradients:
            weight.grad = gradient.clone()
            optimizer.step()
            trajectory.append(weight.detach().tolist())
        result["trajectories"][name] = trajectory
    path = pathlib.Path("tests/Temper.Tests/Optimization/Golden/optimizers.json")
    path.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
