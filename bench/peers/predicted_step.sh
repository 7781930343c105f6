#!/usr/bin/env bash
# A training step on two ranks as temper plan --probe predicts it, and as it is measured: samples divided, and a plan that divides kernels too, in turns.
#   bench/peers/predicted_step.sh [NETWORK [BATCH [ROUNDS]]]      TEMPER names the tool; needs Open MPI
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
network=${1:-lenet-5-caffe} batch=${2:-64} rounds=${3:-3}
tool=${TEMPER:-"$here/../../temper"}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
launch=(mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n 2)
plan=(plan "$network" --accelerators 2 --batch "$batch" --cost exact --splits output)
$tool "${plan[@]}" --save-plan "$folder/mixed" --json > /dev/null
for round in $(seq "$rounds"); do
    "${launch[@]}" $tool "${plan[@]}" --plan "$folder/mixed" --probe --threads 1 --json > "$folder/predicted-$round.json"
    for name in data "$folder/mixed"; do
        "${launch[@]}" $tool train "$network" --data "synth:shapes?count=$((batch * 60))&size=28&channels=1" --batch "$batch" --optimizer sgd \
            --epochs 1 --plan "$name" --threads 1 --timeline "$folder/$(basename "$name")-$round.json" --runs "$folder/runs" --seed 1 --quiet > /dev/null
    done
done
/usr/bin/python3 - "$folder" "$rounds" <<'P'
import json, sys
folder, rounds = sys.argv[1], int(sys.argv[2])
def measured(name, at):
    best = 1e9
    for one in range(1, rounds + 1):
        events = json.load(open(f"{folder}/{name}-{one}.json"))["traceEvents"]
        starts = sorted(e["ts"] for e in events if e["name"] == "forward and backward")
        lengths = sorted(b - a for a, b in zip(starts, starts[1:]))
        best = min(best, lengths[int(len(lengths) * at)] / 1e3)
    return best
probes = [json.load(open(f"{folder}/predicted-{one}.json")) for one in range(1, rounds + 1)]
print("plan of the layers:", " ".join(probes[0]["levels"]))
for name, key in (("data", "data"), ("mixed", "plan")):
    predicted = min(p["step_seconds"][key] for p in probes) * 1e3
    for text, at in (("10th percentile", 0.1), ("median", 0.5)):
        found = measured(name, at)
        print(f"{name:6} predicted {predicted:6.2f} ms, measured {found:6.2f} ms ({text}, best round): {(predicted / found - 1) * 100:+.0f} %")
P
