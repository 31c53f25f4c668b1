#!/bin/sh
# Pins every dependency by hash, for all supported Pythons at once. dev.txt comes first; the others are cut from it, so
# that every image and every machine has the same versions. `make lock` runs this; it names no index.
set -eu
cd "$(dirname "$0")/.."
compile() {
  uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-annotate --no-strip-extras \
    --python-version 3.11 "$@"
}
compile ${UPGRADE:+--upgrade} --extra dev pyproject.toml --output-file locks/dev.txt
echo hatchling | compile --constraint locks/dev.txt - --output-file locks/build.txt
cut() {
  lock=$1; shift
  compile --constraint locks/dev.txt "$@" pyproject.toml --output-file "locks/$lock.txt"
}
cut local --extra local
cut runner --extra runner
cut api --extra api --extra cluster
# the operator checks programs by the runner's own code, in a process of its own
cut operator --extra operator --extra runner
# not cut from dev.txt: it is never installed beside it
compile ${UPGRADE:+--upgrade} --group scan --output-file locks/scan.txt
