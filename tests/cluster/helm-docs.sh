#!/usr/bin/env bash
# helm-docs, which writes the chart's README from its values: the installed one, or one that is built from its Go module
# and kept outside the tree by the hash of its pins. Prints its path.
set -euo pipefail
here=$(cd "$(dirname "$0")/helm-docs" && pwd)
cd "$here"
version=$(sed -n 's#.*github.com/norwoodj/helm-docs v\([0-9.]*\).*#\1#p' go.mod)
installed=$(command -v helm-docs || true)
if [ -n "$installed" ] && "$installed" --version 2>/dev/null | grep -qwF "$version"; then echo "$installed"; exit; fi
key=$(cat go.mod go.sum | sha256sum | cut -c1-16)
kept=${XDG_CACHE_HOME:-$HOME/.cache}/quantum-tasks/tools/$key/helm-docs
if [ ! -x "$kept" ]; then
  mkdir -p "$(dirname "$kept")"
  CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$version" -o "$kept.new" tool
  mv "$kept.new" "$kept"
fi
echo "$kept"
