#!/usr/bin/env bash
# Time of a training step on two ranks, as predicted by temper plan --probe and as measured: data parallelism and a plan
# that also divides kernels, in alternation. Both times are lower quartiles; the first third of the measured steps, in
# which code is still being compiled, is excluded. Needs Open MPI.
#   bench/peers/predicted_step.sh [NETWORK [BATCH [ROUNDS [EPOCHS [SAMPLES]]]]]
# SAMPLES: options of synth:shapes (default: size=28&channels=1).
# TEMPER: command that runs Temper (default: ./temper of this repository).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
network=${1:-lenet-5-caffe} batch=${2:-64} rounds=${3:-3} epochs=${4:-6} samples=${5:-size=28&channels=1}
tool=${TEMPER:-"$here/../../temper"}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
launch=(mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n 2)
plan=(plan "$network" --accelerators 2 --batch "$batch" --cost exact --splits output)
$tool "${plan[@]}" --save-plan "$folder/mixed" --json > /dev/null
for round in $(seq "$rounds"); do
    "${launch[@]}" $tool "${plan[@]}" --plan "$folder/mixed" --probe --threads 1 --json > "$folder/predicted-$round.json"
    for name in data "$folder/mixed"; do
        "${launch[@]}" $tool train "$network" --data "synth:shapes?count=$((batch * 60))&$samples" --batch "$batch" --optimizer sgd --lr 0.001 \
            --epochs "$epochs" --plan "$name" --threads 1 --timeline "$folder/$(basename "$name")-$round.json" --runs "$folder/runs" --seed 1 --quiet > /dev/null
    done
done
/usr/bin/python3 - "$folder" "$rounds" <<'P'
import json, sys
folder, rounds = sys.argv[1], int(sys.argv[2])
def measured(name, one):
    events = json.load(open(f"{folder}/{name}-{one}.json"))["traceEvents"]
    starts = sorted(e["ts"] for e in events if e["name"] == "forward and backward")
    starts = starts[len(starts) // 3:]
    lengths = sorted(b - a for a, b in zip(starts, starts[1:]))
    return lengths[len(lengths) // 4] / 1e3
def middle(values):
    return sorted(values)[len(values) // 2]
probes = [json.load(open(f"{folder}/predicted-{one}.json")) for one in range(1, rounds + 1)]
print("plan of the layers:", " ".join(probes[0]["levels"]))
for name, key in (("data", "data"), ("mixed", "plan")):
    predicted = middle([p["step_seconds"][key] * 1e3 for p in probes])
    found = middle([measured(name, one) for one in range(1, rounds + 1)])
    print(f"{name:6} predicted {predicted:6.2f} ms, measured {found:6.2f} ms (median of {rounds} rounds): {(predicted / found - 1) * 100:+.0f} %")
P
