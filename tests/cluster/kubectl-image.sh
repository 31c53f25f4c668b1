#!/usr/bin/env bash
# The public image of kubectl, of the version of kubernetes/go.mod, or where it cannot be pulled a stand-in that holds
# the kubectl which kubernetes.sh builds. Prints its name, for `cluster.sh load`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's#^\tk8s.io/kubernetes \(v[0-9.]*\).*#\1#p' "$here/kubernetes/go.mod")
image=registry.k8s.io/kubectl:$version
# Where no stand-in can be made, a slow network is given time.
if command -v go >/dev/null; then patience=20; else patience=600; fi
have() { docker image inspect "$1" >/dev/null 2>&1 || timeout "$patience" docker pull -q "$1" >/dev/null 2>&1; }

if ! have "$image"; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  python3 "$here/kind/image_archive.py" "$folder/image.tar" "$image" "bin/kubectl=$("$here/kubernetes.sh")/kubectl"
  docker load --quiet --input "$folder/image.tar" >/dev/null
fi
echo "$image"
