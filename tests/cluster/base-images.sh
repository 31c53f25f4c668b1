#!/usr/bin/env bash
# Stand-ins for the public base images, where those cannot be pulled. Prints the Python image to build with.
# Debian's packages make them: a minimal system with Python, and a redis-server with what it links to.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/quantum-tasks/images
public=$(sed -n 's/^ARG PYTHON_IMAGE=//p' "$(dirname "$0")/../../api/Dockerfile" | head -n 1)
stand_in=python:3.11-slim-bookworm   # Debian 12's own Python

# Where no stand-in can be made, a slow network is given time.
if [ "$(id -u)" = 0 ] && command -v debootstrap >/dev/null; then patience=20; else patience=600; fi
have() { docker image inspect "$1" >/dev/null 2>&1 || timeout "$patience" docker pull -q "$1" >/dev/null 2>&1; }

make_python() {
  local root=$cache/python
  if [ ! -e "$root/.done" ]; then
    rm -rf "$root"; mkdir -p "$root"
    debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates bookworm "$root" >"$cache/debootstrap.log" 2>&1
    touch "$root/.done"
  fi
  # pip inside a build trusts, and asks, what this machine's does
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  for file in /etc/pip.conf ~/.config/pip/pip.conf ~/.pip/pip.conf; do
    [ -e "$file" ] && cp "$file" "$root/etc/pip.conf"
  done
  rm -rf "$root"/usr/lib/python3*/EXTERNALLY-MANAGED "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
  ln -sf python3 "$root/usr/bin/python"
  tar -C "$root" -c . | docker import \
    -c 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin' - "$stand_in" >/dev/null
}

make_redis() {
  local root=$cache/redis
  rm -rf "$root"; mkdir -p "$root"/usr/bin "$root"/bin "$root"/etc "$root"/data "$root"/tmp
  cp -L /usr/bin/redis-server /usr/bin/redis-cli "$root/usr/bin/"
  cp -L /bin/sh /bin/cat /bin/mkdir /bin/mv /bin/rm "$root/bin/"
  for binary in /usr/bin/redis-server /usr/bin/redis-cli "$root"/bin/*; do ldd "$binary" | grep -o '/[^ ]*'; done |
    sort -u | xargs -I{} cp -L --parents {} "$root"
  echo 'redis:x:999:999::/data:/bin/sh' >"$root/etc/passwd"
  chmod 1777 "$root/tmp"; chown 999:999 "$root/data"
  tar -C "$root" -c . | docker import -c 'CMD ["redis-server"]' -c 'WORKDIR /data' -c 'EXPOSE 6379' \
    -c 'VOLUME /data' - redis:8 >/dev/null
}

mkdir -p "$cache"
# one that was made before it had files' tools is made again
{ have redis:8 && docker run --rm redis:8 cat /dev/null >/dev/null 2>&1; } || make_redis
if have "$public"; then echo "$public"; exit; fi
docker image inspect "$stand_in" >/dev/null 2>&1 || make_python
echo "$stand_in"
