#!/usr/bin/env bash
# All-reduce between two ranks: Temper, compared with the same loop in C. Needs gcc and libopenmpi-dev.
# TEMPER: command that runs Temper (default: ./temper of this repository).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(mktemp)
trap 'rm -f "$program"' EXIT
mpicc.openmpi -O2 "$here/all_reduce.c" -o "$program"
launch=(mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n 2)
for _ in 1 2 3; do
  "${launch[@]}" "$program"
  # shellcheck disable=SC2086
  "${launch[@]}" ${TEMPER:-"$here/../../temper"} doctor --mpi --json | grep -o '"[a-z0-9_]*\(us\|ms\)": [0-9.]*' | tr '\n' ' '
  echo
done
