#!/usr/bin/env bash
# What the container and cluster tests need on a bare Debian machine, as root. Does nothing where it is all there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
have() { local tool; for tool; do command -v "$tool" >/dev/null || return 1; done; }

install_packages() {
  [ $# -gt 0 ] || return 0
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >/dev/null
  # a package that starts its service would take the port and the memory of the tests' own
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d
  fi
  apt-get install -q -y --no-install-recommends "$@" >/dev/null
}

# Debian's Go may be older than the pins ask for, but can fetch the one that they ask for: that is a Go module, too.
install_go() {
  local version folder
  (cd "$here/kubernetes" && go list -m >/dev/null 2>&1) && return
  version=$(sed -n 's/^go //p' "$here/kubernetes/go.mod")
  folder=$(cd / && GOFLAGS='' go mod download -json "golang.org/toolchain@v0.0.1-go$version.linux-$(go env GOARCH)" |
    sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  chmod +x "$folder"/bin/* "$folder"/pkg/tool/*/*   # a module's files are not executable
  ln -sf "$folder"/bin/* /usr/local/bin/
}

missing=()
for pair in dockerd:docker.io runc:runc iptables:iptables debootstrap:debootstrap redis-server:redis-server \
  ip:iproute2; do
  have "${pair%%:*}" || missing+=("${pair#*:}")
done
builds=yes   # of compose, or of kind
if docker compose version >/dev/null 2>&1 && have kind kubectl; then builds=; fi
have cc || missing+=(gcc libc6-dev)
if [ -n "$builds" ] && ! have go; then missing+=(golang ca-certificates); fi
install_packages "${missing[@]}"
[ -z "$builds" ] || install_go
