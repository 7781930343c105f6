#!/usr/bin/env bash
# Time of a training step on four simulated hosts with links of a given speed: data parallelism and HyPar's plan, in
# alternation. Needs root, Open MPI, ip and tc.
#   bench/peers/hypar_pays.sh [RATE [NETWORK [BATCH [ROUNDS]]]]
# TEMPER: command that runs Temper (default: ./temper of this repository).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rate=${1:-1gbit} network=${2:-lenet-5-caffe} batch=${3:-64} rounds=${4:-3}
tool=${TEMPER:-"$here/../../temper"}
folder=$(mktemp -d)
trap '"$here/namespaces.sh" down; rm -rf "$folder"' EXIT
"$here/namespaces.sh" down
"$here/namespaces.sh" up 4 "$rate"
$tool plan "$network" --accelerators 4 --batch "$batch" --cost exact --splits output --save-plan "$folder/hypar" --json > "$folder/plan.json"
for round in $(seq "$rounds"); do
    for plan in data "$folder/hypar"; do
        "$here/namespaces.sh" run 4 $tool train "$network" --data "synth:shapes?count=3000&size=28&channels=1" --batch "$batch" \
            --epochs 1 --plan "$plan" --threads 1 --timeline "$folder/$(basename "$plan")-$round.json" --runs "$folder/runs" --seed 1 --quiet > /dev/null
    done
done
/usr/bin/python3 - "$folder" "$rounds" <<'P'
import json, sys
folder, rounds = sys.argv[1], int(sys.argv[2])
steps = {}
for plan in ("data", "hypar"):
    for one in range(1, rounds + 1):
        events = json.load(open(f"{folder}/{plan}-{one}.json"))["traceEvents"]
        starts = sorted(e["ts"] for e in events if e["name"] == "forward and backward")
        lengths = sorted(b - a for a, b in zip(starts, starts[1:]))
        steps.setdefault(plan, []).append((lengths[len(lengths) // 10] / 1e3, lengths[len(lengths) // 2] / 1e3))
        print(f"{plan:6} round {one}: {steps[plan][-1][0]:6.1f} ms (10th percentile) {steps[plan][-1][1]:6.1f} ms (median)")
for i, name in enumerate(("10th percentile", "median")):
    data, hypar = (min(s[i] for s in steps[p]) for p in ("data", "hypar"))
    print(f"{name}, best round: data {data:.1f} ms, HyPar's plan {hypar:.1f} ms, {data / hypar:.2f}x")
P
