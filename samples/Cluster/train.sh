#!/usr/bin/env bash
# Trains on two hosts over ssh: ./train.sh HOST1 HOST2 [ranks a host]. The working folder must be on a file system that both see.
set -euo pipefail
first=${1:?"usage: $0 HOST1 HOST2 [ranks a host]"} second=${2:?"usage: $0 HOST1 HOST2 [ranks a host]"} slots=${3:-1}
hosts=$(mktemp)
trap 'rm -f "$hosts"' EXIT
printf '%s slots=%d\n' "$first" "$slots" "$second" "$slots" > "$hosts"
exec mpirun -n $((2 * slots)) --hostfile "$hosts" --bind-to none "${TEMPER:-temper}" train lenet-5 --data fashion-mnist --epochs 5 --plan data
