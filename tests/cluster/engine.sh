#!/usr/bin/env bash
# A container engine for tests, where none answers: Debian's dockerd, as root, with its state outside the tree.
#   engine.sh start   does nothing if an engine answers already
#   engine.sh stop    ends the one that `start` started, and nothing else
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
state=${XDG_CACHE_HOME:-$HOME/.cache}/quantum-tasks/engine
pid_file=$state/dockerd.pid

start() {
  docker version >/dev/null 2>&1 && return
  mkdir -p "$state"
  # Some machines lack CAP_SYS_RESOURCE, which privileged containers ask for: the wrapper asks for what there is.
  # All addresses are from the range for benchmarks (RFC 2544), so that none is anybody's.
  setsid nohup dockerd --data-root "$state/data" --exec-root "$state/run" --pidfile "$pid_file" \
    -H unix:///var/run/docker.sock --bip 198.18.64.1/24 --default-address-pool base=198.18.128.0/18,size=24 \
    --add-runtime available-capabilities="$here/runc-available-capabilities" \
    --default-runtime available-capabilities </dev/null >"$state/log" 2>&1 &
  for _ in $(seq 150); do docker version >/dev/null 2>&1 && return; sleep 0.2; done
  tail -5 "$state/log" >&2
  echo "the container engine did not start: $state/log" >&2
  return 1
}

stop() {
  [ -e "$pid_file" ] || return 0
  local pid
  pid=$(cat "$pid_file")
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 150); do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
  ip link delete docker0 2>/dev/null || true
}

"$1"
