"""Training step of ResNet-20 with PyTorch's DistributedDataParallel (gloo), one thread per rank.

Prints the 10th percentile of the step times in milliseconds.

    pytorch_ddp.py RANKS BATCH SECONDS     BATCH: total number of samples of all ranks
"""
import os
import sys
import time

import torch
import torch.distributed
import torch.multiprocessing
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from pytorch_training import resnet_20


def work(rank, ranks, batch, seconds):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=ranks)
    torch.manual_seed(1)
    model = DistributedDataParallel(resnet_20().train())
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    images, labels = torch.rand(batch // ranks, 3, 32, 32), torch.randint(0, 10, (batch // ranks,))
    steps, begin = [], time.monotonic()
    while True:
        start = time.monotonic()
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
        steps.append(1000 * (time.monotonic() - start))
        # All ranks must stop after the same step.
        stop = torch.tensor([float(time.monotonic() - begin > seconds)])
        torch.distributed.all_reduce(stop)
        if stop.item() > 0:
            break
    if rank == 0:
        steps = sorted(steps[2:])
        print(f"PyTorch DDP (gloo), {ranks} x 1 thread: {steps[len(steps) // 10]:.1f} ms (10th percentile of {len(steps)})")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29511")
    count, samples, limit = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    torch.multiprocessing.spawn(work, args=(count, samples, limit), nprocs=count)
