"""The PyTorch side of the convolution table: a worker process that runs on request, in alternation with Temper.

The first line on standard output contains the version of PyTorch: {"torch": "1.13.0"}.
Each line on standard input is a JSON request; each answer is one JSON line:
  {"do": "prepare", "threads": 2, "batch": 64, "inputs": 64, "outputs": 64, "size": 32, "kernel": 3, "stride": 1,
   "padding": 1}
      ->  {}
  {"do": "run", "work": "forward" | "data" | "weights", "format": "nchw" | "nhwc", "seconds": 0.02}
      ->  {"seconds": [...]}   one time per call: CPU time with one thread, otherwise wall time
"""
import json
import sys
import time

import torch
from torch.nn import functional as F

WARM_UP_CALLS = 2
SHORTEST_SAMPLE = 150e-6  # shorter calls are repeated within one sample


class Layer:
    def __init__(self, request):
        torch.manual_seed(1)
        torch.set_num_threads(request["threads"])
        self.clock = time.thread_time if request["threads"] == 1 else time.perf_counter
        n, i, o, size, k = (request[key] for key in ("batch", "inputs", "outputs", "size", "kernel"))
        self.stride, self.padding = request["stride"], request["padding"]
        x, w = torch.randn(n, i, size, size), torch.randn(o, i, k, k)
        dy = torch.randn_like(F.conv2d(x, w, None, self.stride, self.padding))
        formats = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}
        self.tensors = {name: [t.contiguous(memory_format=f) for t in (x, w, dy)] for name, f in formats.items()}
        self.repetitions = {}

    def call(self, work, memory_format):
        x, w, dy = self.tensors[memory_format]
        if work == "forward":
            return F.conv2d(x, w, None, self.stride, self.padding)
        wanted = [work == "data", work == "weights", False]
        stride, padding = [self.stride] * 2, [self.padding] * 2
        return torch.ops.aten.convolution_backward(dy, x, w, None, stride, padding, [1, 1], False, [0, 0], 1, wanted)

    def seconds(self, work, memory_format, repetitions):
        start = self.clock()
        for _ in range(repetitions):
            self.call(work, memory_format)
        return (self.clock() - start) / repetitions

    def run(self, work, memory_format, seconds):
        key = (work, memory_format)
        if key not in self.repetitions:
            once = min(self.seconds(work, memory_format, 1) for _ in range(10))
            self.repetitions[key] = max(1, int(SHORTEST_SAMPLE / once))
        for _ in range(WARM_UP_CALLS):
            self.call(work, memory_format)
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end or not times:
            times.append(self.seconds(work, memory_format, self.repetitions[key]))
        return times


def main():
    layer = None
    print(json.dumps({"torch": torch.__version__}), flush=True)
    with torch.no_grad():
        for line in sys.stdin:
            request = json.loads(line)
            if request["do"] == "prepare":
                layer = Layer(request)
                answer = {}
            else:
                answer = {"seconds": layer.run(request["work"], request["format"], request["seconds"])}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
