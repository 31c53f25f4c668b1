#!/bin/sh
# Pins every dependency by hash, for all supported Pythons at once. dev.txt comes first; the others are cut from it, so
# that every image and every machine has the same versions. `make lock` runs this; it names no index.
set -eu
cd "$(dirname "$0")/.."
compile() {
  uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-annotate \
    --python-version 3.11 "$@"
}
compile ${UPGRADE:+--upgrade} --extra dev pyproject.toml --output-file locks/dev.txt
echo hatchling | compile --constraint locks/dev.txt - --output-file locks/build.txt
for extra in api runner local; do
  compile --constraint locks/dev.txt --extra "$extra" pyproject.toml --output-file "locks/$extra.txt"
done
