#!/usr/bin/env bash
# Kills a random rank of a training run at a random time, repeatedly. Measures how long the job takes to end, and the
# difference between the losses of the run, resumed on 1, 2 or 3 ranks, and those of an uninterrupted run.
# Needs Open MPI.
#   bench/peers/kill_trials.sh [TRIALS]
# TEMPER: command that runs Temper (default: ./temper of this repository).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
trials=${1:-20}
tool=${TEMPER:-"$here/../../temper"}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
launch=(mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none --mca mpi_yield_when_idle 1)
train=(train lenet-5 --data "synth:shapes?count=300&size=28&channels=1" --batch 20 --schedule constant --seed 1 --quiet --threads 1)
RANDOM=7
"${launch[@]}" -n 2 $tool "${train[@]}" --plan data --epochs 60 --runs "$folder/whole" > /dev/null
whole=$(echo "$folder"/whole/*/metrics.jsonl)
for trial in $(seq "$trials"); do
    runs="$folder/$trial"
    "${launch[@]}" -n 2 $tool "${train[@]}" --plan data --epochs 5000 --runs "$runs" > /dev/null 2>&1 &
    job=$!
    until compgen -G "$runs/*/checkpoints/*/*/model.safetensors" > /dev/null; do sleep 0.1; done
    sleep "$((RANDOM % 4)).$((RANDOM % 10))"
    rank=$((RANDOM % 2))
    for process in $(pgrep -f -- "--runs $runs"); do
        if tr '\0' '\n' < "/proc/$process/environ" | grep -q "^OMPI_COMM_WORLD_RANK=$rank$"; then kill -9 "$process"; break; fi
    done
    start=$(date +%s.%N)
    wait "$job" || true
    seconds=$(echo "$(date +%s.%N) - $start" | bc)
    run=$(echo "$runs"/*)
    epochs=$(($(wc -l < "$run/metrics.jsonl") + 2)) ranks=$((trial % 3 + 1))
    (( epochs <= 60 )) || epochs=60
    "${launch[@]}" -n "$ranks" $tool train --resume "$run" --plan data --epochs "$epochs" --quiet > /dev/null
    /usr/bin/python3 - "$whole" "$run/metrics.jsonl" "$trial" "$rank" "$seconds" "$ranks" <<'P'
import json, sys
def losses(path):
    values = {}
    for line in open(path):
        entry = json.loads(line)
        entry = entry.get("values", entry)
        values.setdefault("loss", []).append(entry["train/loss"])
    return values["loss"]
whole, own = losses(sys.argv[1]), losses(sys.argv[2])
worst = max(abs(a - b) / abs(a) for a, b in zip(whole, own))
print(f"trial {sys.argv[3]:>2}: rank {sys.argv[4]} killed after {len(own) - 2} epochs, "
      f"job ended after {float(sys.argv[5]):.1f} s; "
      f"resumed on {sys.argv[6]} ranks, losses of {len(own)} epochs within {worst:.1e}")
P
done
