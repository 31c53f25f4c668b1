#!/usr/bin/env bash
# The compose plugin, where docker has none: built from its Go module, and kept outside the tree by the hash of its pins.
set -euo pipefail
docker compose version >/dev/null 2>&1 && exit
here=$(cd "$(dirname "$0")/compose-plugin" && pwd)
key=$(cat "$here"/go.mod "$here"/go.sum | sha256sum | cut -c1-16)
kept=${XDG_CACHE_HOME:-$HOME/.cache}/quantum-tasks/tools/$key/docker-compose
if [ ! -x "$kept" ]; then
  mkdir -p "$(dirname "$kept")"
  version=$(sed -n 's#.*github.com/docker/compose/v2 \(v[0-9.]*\).*#\1#p' "$here/go.mod" | head -n 1)
  (cd "$here" && CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$version" \
    -o "$kept.new" github.com/docker/compose/v2/cmd)
  mv "$kept.new" "$kept"
fi
mkdir -p ~/.docker/cli-plugins
ln -sf "$kept" ~/.docker/cli-plugins/docker-compose
