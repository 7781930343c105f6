"""The PyTorch side of the Carlini-Wagner comparison: the attack as in torchattacks, on a network with random weights.

A worker process that runs on request, in alternation with Temper.
The first line on standard output contains the version of PyTorch: {"torch": "1.13.0"}.
Each line on standard input is a JSON request; each answer is one JSON line:
  {"do": "prepare", "model": "resnet-20", "images": 50, "steps": 50, "threads": 2, "format": "nchw" | "nhwc"}
                  ->  {"images": 50}
  {"do": "run"}   ->  {"seconds": s, "steps": n}
"""
import json
import sys
import time

import torch
from torch import nn

from pytorch_training import MODELS


class CarliniWagner:
    """One search in tanh space by Adam with a fixed c. Inputs at their bounds are moved inside to have a gradient."""

    def __init__(self, request):
        torch.manual_seed(1)
        torch.set_num_threads(request["threads"])
        build, shape = MODELS[request["model"]]
        layout = torch.channels_last if request["format"] == "nhwc" else torch.contiguous_format
        self.model = build().eval().to(memory_format=layout)
        self.images = torch.rand(request["images"], *shape).to(memory_format=layout)
        self.labels = self.model(self.images).argmax(1)
        self.steps = request["steps"]

    def margin(self, logits, labels):
        hot = torch.eye(logits.shape[1])[labels]
        other = ((1 - hot) * logits - hot * 1e4).max(1)[0]
        real = (hot * logits).max(1)[0]
        return torch.clamp(real - other, min=0)

    def run(self, c=1.0, rate=0.01):
        start = time.perf_counter()
        w = torch.atanh((self.images * 2 - 1) * 0.999999).detach().requires_grad_()
        best, best_distance = self.images.clone(), torch.full((len(self.images),), 1e10)
        optimizer, flat, squares = torch.optim.Adam([w], lr=rate), nn.Flatten(), nn.MSELoss(reduction="none")
        for step in range(self.steps):
            x = 0.5 * (torch.tanh(w) + 1)
            distance = squares(flat(x), flat(self.images)).sum(1)
            logits = self.model(x)
            loss = distance.sum() + c * self.margin(logits, self.labels).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            better = (logits.detach().argmax(1) != self.labels) & (distance.detach() < best_distance)
            best_distance = torch.where(better, distance.detach(), best_distance)
            best = torch.where(better.view(-1, 1, 1, 1), x.detach(), best)
        return {"seconds": time.perf_counter() - start, "steps": self.steps}


def main():
    attack = None
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "prepare":
            attack = CarliniWagner(request)
            answer = {"images": len(attack.images)}
        else:
            answer = attack.run()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
