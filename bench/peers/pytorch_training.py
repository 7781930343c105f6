"""The PyTorch side of the training-step comparison: a worker process that runs on request, in alternation with Temper.

The first line on standard output contains the version of PyTorch: {"torch": "1.13.0"}.
Each line on standard input is a JSON request; each answer is one JSON line:
  {"do": "prepare", "model": "lenet-5", "batch": 64, "format": "nchw" | "nhwc", "threads": 2, "training": true}
  {"do": "run", "seconds": 0.2}   ->  {"ms": [...]}   wall time of each step
  {"do": "memory"}                ->  {"peak_rss_kib": n}
"""
import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def lenet_300_100():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10))


def lenet_5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def lenet_5_caffe():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))


def convnet_small():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(4096, 256), nn.ReLU(), nn.Linear(256, 10))


class Block(nn.Module):
    """A basic block with the parameter-free shortcut A of the CIFAR ResNets."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.pad = (width - inputs) // 2
        self.stride = stride

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride != 1 or self.pad:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(y + x)


def resnet_20():
    layers, inputs = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for width in (16, 32, 64):
        for i in range(3):
            layers.append(Block(inputs, width, 2 if i == 0 and width > 16 else 1))
            inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def vgg_16_bn():
    layers, inputs = [], 3
    for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if width == 0:
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            inputs = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10))


MODELS = {
    "lenet-300-100": (lenet_300_100, (1, 28, 28)),
    "lenet-5": (lenet_5, (1, 28, 28)),
    "lenet-5-caffe": (lenet_5_caffe, (1, 28, 28)),
    "convnet-small": (convnet_small, (3, 32, 32)),
    "resnet-20": (resnet_20, (3, 32, 32)),
    "vgg-16-bn": (vgg_16_bn, (3, 32, 32)),
}


class Work:
    def __init__(self, request):
        torch.manual_seed(1)
        torch.set_num_threads(request["threads"])
        build, shape = MODELS[request["model"]]
        layout = torch.channels_last if request["format"] == "nhwc" else torch.contiguous_format
        self.training = request.get("training", True)
        self.model = build().train(self.training).to(memory_format=layout)
        self.x = torch.rand(request["batch"], *shape).to(memory_format=layout)
        self.labels = torch.randint(0, 10, (request["batch"],))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)

    def step(self):
        if not self.training:
            with torch.no_grad():
                self.model(self.x)
            return
        self.optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(self.model(self.x), self.labels).backward()
        self.optimizer.step()

    def run(self, seconds):
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 3:
            start = time.perf_counter()
            self.step()
            times.append((time.perf_counter() - start) * 1000)
        return times


def main():
    work = None
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "prepare":
            work = Work(request)
            work.run(0.0)
            answer = {"parameters": sum(p.numel() for p in work.model.parameters())}
        elif request["do"] == "run":
            answer = {"ms": work.run(request["seconds"])}
        else:
            answer = {"peak_rss_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
