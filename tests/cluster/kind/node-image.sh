#!/usr/bin/env bash
# kind's node image, made of Debian packages and of what kubernetes.sh builds, where kindest/node cannot be pulled.
# Prints its name, which holds a hash of all that it is made of. As root; an engine must answer.
# What kind's own images/base/Dockerfile and `kind build node-image` do is done here, minus all that is downloaded.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=$("$here/../kubernetes.sh") addons=$("$here/addons.sh")
key=$(cd "$here" && find node-image.sh image_archive.py node pause -type f -print0 | sort -z | xargs -0 sha256sum |
  cat - <(basename "$tools") <(basename "$addons") | sha256sum | cut -c1-16)
image=quantum-tasks-node:$key
if docker image inspect "$image" >/dev/null 2>&1; then echo "$image"; exit; fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/quantum-tasks/images
packages=systemd,bash,ca-certificates,conntrack,containernetworking-plugins,curl,e2fsprogs,ethtool,iproute2,iptables
packages+=,jq,kmod,libseccomp2,mount,nftables,procps,runc,util-linux
debian=$cache/node-$(echo "$packages" | sha256sum | cut -c1-16)
work=$cache/node-image
ended() { local status=$?; rm -rf "$work"; [ $status = 0 ] || echo "no node image: $cache/node-*.log may say why" >&2; }
trap ended EXIT
rm -rf "$work"   # of a run that was killed
mkdir -p "$work"
root=$work/root archives=$work/root/run/archives
version=$("$tools/kubeadm" version -o short)
kind=$(cd "$here/../kubernetes" && go list -m -f '{{.Dir}}' sigs.k8s.io/kind)
umask 022

install_debian() {
  if [ ! -e "$debian/.done" ]; then
    rm -rf "$debian"
    debootstrap --variant=minbase --include="$packages" bookworm "$debian" >"$cache/node-debootstrap.log" 2>&1
    touch "$debian/.done"
  fi
  cp -a "$debian" "$root"
  rm "$root/.done"
  ln -sf /usr/lib/systemd/systemd "$root/sbin/init"
}

# The files that kind puts into its base image, from its Go module, and over them this folder's own.
add_files() {
  cp -r --no-preserve=mode,ownership "$kind/images/base/files/." "$root/"
  chmod 755 "$root"/usr/local/bin/* "$root"/kind/bin/*
  cp -r --no-preserve=ownership "$here/node/." "$root/"
  echo -n "$version" >"$root/kind/version"
  mkdir -p "$root"/etc/kubernetes/manifests "$root"/opt/cni/bin "$root"/etc/cni/net.d
  install -m 755 "$tools"/{kubeadm,kubectl,kubelet} "$root/usr/bin/"
  install -m 755 "$tools"/{containerd,containerd-shim-runc-v2,ctr} "$root/usr/local/bin/"
  install -m 755 "$root"/usr/lib/cni/{host-local,loopback,portmap,ptp} "$root/opt/cni/bin/"
}

configure() {
  local units=$root/lib/systemd/system
  # a node is no machine: no devices to wait for, nothing of the host's to set
  rm -f "$units"/sysinit.target.wants/systemd-tmpfiles-setup.service "$units"/multi-user.target.wants/* \
    "$root"/etc/systemd/system/*.wants/* "$units"/local-fs.target.wants/* "$units"/basic.target.wants/* \
    "$units"/sockets.target.wants/*{udev,initctl}* "$root"/usr/lib/sysctl.d/*.conf "$root"/etc/sysctl.d/99-sysctl.conf
  echo ReadKMsg=no >>"$root/etc/systemd/journald.conf"
  chroot "$root" systemctl --quiet enable kubelet containerd undo-mount-hacks pod-network
  chroot "$root" systemctl --quiet mask systemd-binfmt
  # lowering a score needs CAP_SYS_RESOURCE, which the machine, and so the node, may lack
  sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' "$root/etc/containerd/config.toml"
  chroot "$root" sh -c "ctr oci spec | jq '.hooks.createContainer[0].path = \"/kind/bin/mount-product-files.sh\"
    | del(.process.rlimits)' >/etc/containerd/cri-base.json"
  echo uninitialized >"$root/etc/machine-id"
}

archive() { python3 "$here/image_archive.py" "$archives/$1.tar" "${@:2}"; }

# Programs of Debian's, which are not static, and the libraries that they need.
with_libraries() {
  local program file
  for program; do echo "$program"; chroot "$root" ldd "$program" | grep -o '/[^ ]*'; done | sort -u |
    while read -r file; do echo "$file=$root$(chroot "$root" readlink -f "$file")"; done
}

# Images of one static program each, but for the one that needs nft.
make_archives() {
  local image program files
  mkdir -p "$archives"
  mapfile -t files < <(with_libraries /usr/sbin/nft)
  for image in $("$tools/kubeadm" config images list --kubernetes-version "$version"); do
    program=${image##*/} program=${program%:*}
    case $program in
      pause) ;;   # containerd's configuration names another version
      kube-proxy) archive "$program" "$image" "usr/local/bin/$program=$tools/$program" "${files[@]}" ;;
      *) archive "$program" "$image" "usr/local/bin/$program=$tools/$program" ;;
    esac
  done
  (cd "$here/pause" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$work/pause")
  archive pause "$(sed -n 's/.*sandbox_image = "\(.*\)"/\1/p' "$root/etc/containerd/config.toml")" "pause=$work/pause"
  archive kube-network-policies localhost/kube-network-policies:patched \
    "usr/local/bin/kube-network-policies=$addons/kube-network-policies"
}

# The provisioner of volumes is kind's own, in a manifest that stands in its source with the names of two images. The
# second one is for what runs on the node: a shell, mkdir and rm.
add_provisioner() {
  local source=$kind/pkg/build/nodeimage/const_storage.go provisioner helper files
  provisioner=$(sed -n 's/^const storageProvisionerImage = "\(.*\)"/\1/p' "$source")
  helper=$(sed -n 's/^const storageHelperImage = "\(.*\)"/\1/p' "$source")
  sed -n '/^const defaultStorageManifest = `/,/^`/{//!p}' "$source" |
    sed "s|\` + storageProvisionerImage + \`|$provisioner|; s|\` + storageHelperImage + \`|$helper|" \
      >"$root/kind/manifests/default-storage.yaml"
  archive local-path-provisioner "$provisioner" "usr/local/bin/local-path-provisioner=$addons/local-path-provisioner"
  mapfile -t files < <(with_libraries /bin/sh /bin/mkdir /bin/rm)
  archive local-path-helper "$helper" "${files[@]}"
}

# By the node's own containerd, in namespaces that end with it, and everything in them.
import_archives() {
  unshare --mount --pid --net --fork --kill-child chroot "$root" bash -euo pipefail -c '
    mount -t proc proc /proc
    containerd --log-level error >/run/containerd.log 2>&1 & containerd=$!
    for _ in {1..300}; do ctr version >/dev/null 2>&1 && break; sleep 0.1; done
    # as kind does, too, they are unpacked at their first use
    for archive in /run/archives/*.tar; do
      ctr --namespace k8s.io images import --all-platforms --no-unpack --digests "$archive"
    done
    kill "$containerd"
    wait "$containerd" || true
    ' >"$cache/node-import.log" 2>&1
}

install_debian
add_files
configure
make_archives
add_provisioner
import_archives
rm -rf "$root"/run/* "$root"/var/{cache/apt,lib/apt/lists}/* "$root"/usr/share/{doc,man,locale}/*
tar -C "$root" -c . | docker import - quantum-tasks-node:root >/dev/null
# an import takes no STOPSIGNAL, without which a node that is to stop starts anew
DOCKER_BUILDKIT=0 docker build --tag "$image" - >"$cache/node-build.log" 2>&1 <<'DOCKERFILE'
FROM quantum-tasks-node:root
ENV container=docker
STOPSIGNAL SIGRTMIN+3
ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]
DOCKERFILE
# of its older versions, those that no node runs on
docker image ls --format '{{.Repository}}:{{.Tag}}' quantum-tasks-node | grep -vxF "$image" |
  xargs -r docker image rm >/dev/null 2>&1 || true
echo "$image"
