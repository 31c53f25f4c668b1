#!/usr/bin/env bash
# What the container tests need on a bare Debian machine, as root. Does nothing where it is all there.
set -euo pipefail
missing=()
for pair in dockerd:docker.io runc:runc iptables:iptables debootstrap:debootstrap redis-server:redis-server ip:iproute2; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
done
docker compose version >/dev/null 2>&1 || command -v go >/dev/null || missing+=(golang)
[ ${#missing[@]} -eq 0 ] && exit
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
# a package that starts its service would take the port and the memory of the tests' own
if [ ! -e /usr/sbin/policy-rc.d ]; then
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d
fi
apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null
