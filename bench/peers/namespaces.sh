#!/bin/bash
# Simulates several hosts on one machine: network namespaces with separate addresses, connected by links of a given
# speed. Needs root, ip, tc, and Open MPI or MPICH.
#   bench/peers/namespaces.sh up HOSTS RATE        create the hosts, for example: up 4 1gbit
#   bench/peers/namespaces.sh run HOSTS COMMAND    run one rank per host; ENGINE is openmpi (default) or mpich
#   bench/peers/namespaces.sh rate RATE            change the speed of all links, for example to 100mbit
#   bench/peers/namespaces.sh cut HOST             cut the link of a host
#   bench/peers/namespaces.sh down                 remove the hosts
#   bench/peers/namespaces.sh agent HOST COMMAND   run a command on a host; mpirun calls this instead of ssh
set -eu
self=$(realpath "$0")
hosts() { ip netns list | awk '/^temper[0-9]+/ { print $1 }' | sort; }

case "$1" in
up)
    ip link add temper-bridge type bridge
    ip link set temper-bridge up
    for i in $(seq 1 "$2"); do
        ip netns add "temper$i"
        ip link add "temper-link$i" type veth peer name eth0 netns "temper$i"
        ip link set "temper-link$i" master temper-bridge up
        ip -n "temper$i" addr add "10.77.0.$i/24" dev eth0
        ip -n "temper$i" link set lo up
        ip -n "temper$i" link set eth0 up
    done
    "$self" rate "$3"
    ;;
rate)
    for host in $(hosts); do
        tc -n "$host" qdisc replace dev eth0 root tbf rate "$2" burst 128kb latency 100ms
        tc qdisc replace dev "temper-link${host#temper}" root tbf rate "$2" burst 128kb latency 100ms
    done
    ;;
cut)
    ip link set "temper-link$2" down
    ;;
run)
    count=$2
    shift 2
    list=$(seq -s, -f '10.77.0.%g:1' 1 "$count")
    if [ "${ENGINE:-openmpi}" = mpich ]; then
        exec ip netns exec temper1 mpiexec.mpich -n "$count" -hosts "$list" -iface eth0 -launcher ssh -launcher-exec "$self" \
            -genv UCX_TLS tcp,self -genv UCX_NET_DEVICES eth0 -genv FI_PROVIDER tcp -genv FI_TCP_IFACE eth0 "$@"
    fi
    exec ip netns exec temper1 mpirun.openmpi --allow-run-as-root --bind-to none -n "$count" --host "$list" \
        --mca plm_rsh_agent "$self agent" --mca btl self,tcp --mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0 \
        --mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 \
        --mca mpi_yield_when_idle 1 "$@"
    ;;
agent)
    host=$2
    shift 2
    exec ip netns exec "temper${host##*.}" sh -c "$*"
    ;;
-x)
    # Hydra calls its launcher with the arguments of ssh: -x HOST COMMAND.
    exec "$self" agent "${@:2}"
    ;;
down)
    for host in $(hosts); do
        ip netns del "$host"
    done
    for link in $(ip -o link | awk -F'[:@ ]+' '$2 ~ /^temper-link/ { print $2 }'); do
        ip link del "$link"
    done
    ip link del temper-bridge 2>/dev/null || true
    ;;
esac
