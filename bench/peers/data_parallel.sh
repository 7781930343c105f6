#!/usr/bin/env bash
# Time of a training step of ResNet-20 with one rank of two threads, with two ranks of one thread, and with PyTorch's
# DistributedDataParallel (gloo), in alternation. Needs Open MPI, and python3-torch for the row of PyTorch.
#   bench/peers/data_parallel.sh [BATCH [ROUNDS]]
# TEMPER: command that runs Temper (default: ./temper of this repository).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
batch=${1:-128} rounds=${2:-3}
tool=${TEMPER:-"$here/../../temper"}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
train=(train resnet-20 --data "synth:shapes?count=$((batch * 20))&size=32&channels=3" --batch "$batch" --epochs 1 --plan data --runs "$folder/runs" --seed 1 --quiet)
launch=(mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n 2)
# Debian's OpenBLAS does not recognize newer processors and falls back to slow kernels; those of SkylakeX need AVX-512.
if [ -z "${OPENBLAS_CORETYPE:-}" ] && grep -qw avx512vl /proc/cpuinfo 2> /dev/null; then
    export OPENBLAS_CORETYPE=SkylakeX
fi
for round in $(seq "$rounds"); do
    $tool "${train[@]}" --threads 2 --timeline "$folder/one-$round.json" > /dev/null
    "${launch[@]}" $tool "${train[@]}" --threads 1 --timeline "$folder/two-$round.json" > /dev/null
    /usr/bin/python3 -c "import torch" 2> /dev/null && /usr/bin/python3 "$here/pytorch_ddp.py" 2 "$batch" 8
done
/usr/bin/python3 - "$folder" "$rounds" <<'P'
import json, sys
folder, rounds = sys.argv[1], int(sys.argv[2])
best = {}
for name, text in (("one", "one rank, 2 threads"), ("two", "2 ranks, 1 thread each")):
    for one in range(1, rounds + 1):
        events = json.load(open(f"{folder}/{name}-{one}.json"))["traceEvents"]
        starts = sorted(e["ts"] for e in events if e["name"] == "forward and backward")
        lengths = sorted(b - a for a, b in zip(starts, starts[1:]))
        best[name] = min(best.get(name, 1e9), lengths[len(lengths) // 10] / 1e3)
    print(f"Temper, {text}: {best[name]:.1f} ms (10th percentile, best round)")
print(f"2 ranks / 1 rank, speed: {best['one'] / best['two']:.2f}")
P
