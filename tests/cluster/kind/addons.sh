#!/usr/bin/env bash
# What kind's own node image has beside Kubernetes, built from Go modules and kept outside the tree by the hash of its
# pins: kube-network-policies, which is what enforces network policies in kindnet, and local-path-provisioner.
# Prints the folder that they are in. After kubernetes.sh, which builds most of their packages, it takes 10 seconds.
set -euo pipefail
here=$(cd "$(dirname "$0")/addons" && pwd)
key=$(cd "$here" && find . ../addons.sh -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
kept=${XDG_CACHE_HOME:-$HOME/.cache}/quantum-tasks/tools/$key
exec 9>"$(mkdir -p "${kept%/*}" && echo "${kept%/*}/.lock")"
flock 9   # two test runs on one machine build once
if [ ! -e "$kept/.done" ]; then
  rm -rf "$kept"; mkdir -p "$kept/module"
  cd "$here"
  # the copy of a module that this folder changes a file of
  cp -r --no-preserve=mode "$(go list -m -f '{{.Dir}}' github.com/google/nftables)" "$kept/module/nftables"
  cp -r nftables/. "$kept/module/nftables/"
  cp go.mod go.sum "$kept/module/"
  cd "$kept/module"
  go mod edit -replace github.com/google/nftables=./nftables
  build() { CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$kept/$1" "$2"; }
  # one after the other: they know one module by names that differ in case
  build kube-network-policies sigs.k8s.io/kube-network-policies/cmd
  build local-path-provisioner github.com/rancher/local-path-provisioner
  cd "$kept"
  rm -rf module
  touch .done
fi
echo "$kept"
