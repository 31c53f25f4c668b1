#!/usr/bin/env bash
# A kind cluster for tests: by the installed kind, where that can pull its node image; else all of it from packages.
#   cluster.sh up              makes the cluster, unless it is up, and prints its kubeconfig's path
#   cluster.sh down            removes what `up` made, and nothing else
#   cluster.sh load IMAGE...   copies images of the engine into every node
#   cluster.sh kubeconfig      prints the path, if the cluster is up
#   cluster.sh kubectl ...     is the kubectl that fits the cluster
# NAME=quantum-tasks tells clusters that stand side by side apart; WORKERS=0 more nodes join the first one.
# `up` ends with 77 and a line that says what to install, where there is no way to a cluster.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=${NAME:-quantum-tasks}
workers=${WORKERS:-0}
state=${XDG_CACHE_HOME:-$HOME/.cache}/quantum-tasks/clusters
own=$state/$name
export KUBECONFIG=$own/kubeconfig

# type -P finds programs, and not this script's own functions
have() { local tool; for tool; do type -P "$tool" >/dev/null || return 1; done; }
answers() { docker version >/dev/null 2>&1; }
# go list fails where go is too old for the pins
can_be_built() { [ "$(id -u)" = 0 ] && have debootstrap go && (cd "$here/kubernetes" && go list -m >/dev/null 2>&1); }
no_way() {
  echo "cluster tests need docker, kind and kubectl, or (as root on Debian)" \
    "apt install docker.io runc iptables debootstrap redis-server, and the Go of tests/cluster/kubernetes/go.mod" >&2
  exit 77
}

# The containers of one cluster's nodes (=NAME), or of all, with their volumes.
remove_nodes() {
  docker ps --all --quiet --filter "label=io.x-k8s.kind.cluster${1:-}" | xargs -r docker rm --force --volumes >/dev/null
}

ready() {
  [ -e "$KUBECONFIG" ] &&
    timeout 90 "$own/kubectl" wait --for=condition=Ready nodes --all --timeout=60s >/dev/null 2>&1
}

start_engine() {
  touch "$state/engine-is-ours"
  "$here/engine.sh" start 9>&-   # the engine lives on, and must not hold the lock
  # what an engine that was killed had running is in no state to be used
  remove_nodes
}

# kind does not say which node image is its own, but holds the name.
public_image() { grep -aom 1 'kindest/node:v[0-9.]*@sha256:[0-9a-f]\{64\}' "$(type -P kind)" | head -n 1; }

# A manifest is small: where it does not come soon, the image would not. Where no image can be built, a slow network is
# given time.
can_pull() {
  docker image inspect "$1" >/dev/null 2>&1 && return
  if can_be_built && ! timeout 20 docker manifest inspect "$1" >/dev/null 2>&1; then return 1; fi
  timeout 1200 docker pull --quiet "$1" >/dev/null 2>&1
}

# Sets `image`, and puts the programs that go with it into the cluster's folder.
choose_tools() {
  local tools
  if have kind kubectl && image=$(public_image) && can_pull "$image"; then
    ln -sf "$(type -P kind)" "$(type -P kubectl)" "$own/"
  elif can_be_built; then
    echo "kind and its node image are built from packages, unless they are kept from before (15 minutes)" >&2
    tools=$("$here/kubernetes.sh")
    ln -sf "$tools"/{kind,kubectl} "$own/"
    image=$("$here/kind/node-image.sh")
  else
    no_way
  fi
}

create() {
  local image
  choose_tools
  remove_nodes "=$name"
  rm -f "$KUBECONFIG"*   # with the lock of a kind that was killed
  if ! docker network inspect kind >/dev/null 2>&1; then
    touch "$state/network-is-ours"
    # kind would add IPv6 addresses to the engine's own
    case $image in quantum-tasks-node:*) docker network create kind >/dev/null ;; esac
  fi
  sed "s#CONTROL_PLANE#$here/kind/control-plane#" "$here/kind/kind.yaml" >"$own/kind.yaml"
  for _ in $(seq "$workers"); do echo '- role: worker' >>"$own/kind.yaml"; done
  "$own/kind" create cluster --name "$name" --image "$image" --config "$own/kind.yaml" --wait 300s
  "$own/kubectl" wait --for=condition=Ready nodes --all --timeout=300s
  "$own/kubectl" --namespace kube-system rollout status deployment/coredns --timeout=300s
}

up() {
  if answers && ready; then echo "$KUBECONFIG"; return; fi
  # before anything is started
  have kind kubectl || can_be_built || no_way
  mkdir -p "$own"
  if ! answers; then
    if [ "$(id -u)" != 0 ] || ! have docker dockerd runc iptables; then no_way; fi
    start_engine
  fi
  create >&2
  echo "$KUBECONFIG"
}

down() {
  if [ -e "$own" ]; then
    # a killed engine's containers outlive it, until an engine removes them
    if ! answers && [ -e "$state/engine-is-ours" ]; then start_engine; fi
    if answers; then remove_nodes "=$name"
    elif [ -e "$own/kind.yaml" ]; then echo "no engine answers: what there is of $name stays" >&2; return 1
    fi
    rm -rf "$own"
  fi
  if [ -e "$state/network-is-ours" ] && answers && [ -z "$(docker ps --all --quiet --filter network=kind)" ]; then
    docker network rm kind >/dev/null
    rm "$state/network-is-ours"
  fi
  # another cluster or test may be on it
  if [ -e "$state/engine-is-ours" ] && { ! answers || [ -z "$(docker ps --quiet)" ]; }; then
    "$here/engine.sh" stop
    rm "$state/engine-is-ours"
  fi
}

load() {
  local kind=$own/kind
  [ -e "$kind" ] || kind=kind   # a cluster that was not made by `up`
  "$kind" load docker-image --name "$name" "$@"
}

kubeconfig() { if ready; then echo "$KUBECONFIG"; else echo "the cluster $name is not up" >&2; return 1; fi; }

kubectl() { exec "$own/kubectl" "$@"; }

mkdir -p "$state"
case ${1:-} in
  up | down) exec 9>"$state/.lock"; flock 9; "$1" ;;   # two test runs on one machine take turns
  load | kubeconfig | kubectl) "$@" ;;
  *) sed -n '2,/^set/s/^# \?//p' "$0" >&2; exit 2 ;;
esac
