#!/usr/bin/env bash
# A container engine for tests, where none answers: Debian's dockerd, as root, with its state outside the tree.
#   engine.sh start   does nothing if an engine answers already
#   engine.sh stop    ends the one that `start` started, and nothing else
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
state=${XDG_CACHE_HOME:-$HOME/.cache}/quantum-tasks/engine
pid_file=$state/dockerd.pid

# The pid of the engine that `start` started. A pid file outlives an engine that was killed, and its number may by then be
# another process's: only a living dockerd that was given this very pid file is ours.
ours() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) && [ -n "$pid" ] || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "--pidfile $pid_file " && echo "$pid"
}

# What a killed engine leaves: pid files, its own and its containerd's (which dies with it), that keep the next one from
# starting, and mounts: of its data folder, of network namespaces. While any engine answers, these may be in use.
clear_remains() {
  if ours >/dev/null || docker version >/dev/null 2>&1; then return; fi
  rm -f "$pid_file" "$state/run/containerd/containerd.pid"
  while umount "$state/data" 2>/dev/null; do :; done
  for namespace in "$state"/run/netns/*; do umount "$namespace" 2>/dev/null || true; done
}

start() {
  docker version >/dev/null 2>&1 && return
  mkdir -p "$state"
  clear_remains
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
  local pid
  if pid=$(ours); then
    kill "$pid"
    for _ in $(seq 150); do ours >/dev/null || break; sleep 0.2; done
    if ours >/dev/null; then echo "the container engine did not stop: pid $pid" >&2; return 1; fi
    ip link delete docker0 2>/dev/null || true
  fi
  clear_remains
}

"$1"
