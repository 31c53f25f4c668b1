#!/usr/bin/env bash
# `make kind`: makes a kind cluster unless there is one, builds the images, installs the chart, and runs a Bell circuit.
#   KIND_CLUSTER=qt         its name; its context is kind-qt
#   PORT=8000               where the API is to be, on this machine; counts when the cluster is made
#   KIND_CONFIG=FILE        another configuration than kind.yaml; maps a port to the nodes' 30080
#   KIND_IMAGE=IMAGE        another node image than kind's own
#   KIND_LOAD="redis:8"     more images to copy into the nodes, for those that cannot pull them
#   DOCKER_BUILD_ARGS=...   what `docker build` is told beside
set -euo pipefail
cd "$(dirname "$0")/.."
cluster=${KIND_CLUSTER:-qt} port=${PORT:-8000} namespace=quantum-tasks release=qt
read -ra build_args <<<"${DOCKER_BUILD_ARGS:-}"
read -ra more_images <<<"${KIND_LOAD:-}"

for tool in docker kind kubectl helm curl; do
  type -P "$tool" >/dev/null || { echo "make kind needs docker, kind, kubectl, helm and curl: there is no $tool" >&2; exit 1; }
done
docker version >/dev/null 2>&1 || { echo "make kind needs docker, and none answers" >&2; exit 1; }

say() { printf '\n== %s\n' "$*"; }
kubectl() { command kubectl --context "kind-$cluster" "$@"; }
version=$(sed -n 's/^appVersion: "\(.*\)"/\1/p' helm/quantum-tasks/Chart.yaml)

# not `grep -q`: it leaves at the first match, and whoever still writes dies of it
if ! kind get clusters 2>/dev/null | grep -xF "$cluster" >/dev/null; then
  say "making the cluster $cluster"
  sed "s/hostPort: 8000/hostPort: $port/" "${KIND_CONFIG:-k8s/kind.yaml}" |
    kind create cluster --name "$cluster" ${KIND_IMAGE:+--image "$KIND_IMAGE"} --config - --wait 5m
fi

say "building the images"
images=() annotations=()
for part in api operator runner; do
  image=quantum-tasks-$part:$version
  docker build --quiet "${build_args[@]}" --tag "$image" --file "$part/Dockerfile" .
  images+=("$image")
  # the tag stays the same: this makes a new image's Pod a new one
  annotations+=(--set-string "$part.podAnnotations.quantumtask\.dev/image=$(docker image inspect -f '{{.Id}}' "$image")")
done
kind load docker-image --name "$cluster" "${images[@]}" "${more_images[@]}"

say "installing the chart"
kubectl apply -f k8s/namespace.yaml
helm upgrade --install "$release" helm/quantum-tasks --kube-context "kind-$cluster" --namespace "$namespace" \
  --set api.service.type=NodePort --set api.service.nodePort=30080 "${annotations[@]}" --wait --timeout 5m >/dev/null

say "a Bell circuit over HTTP, 1000 shots"
# the port is mapped once, when the cluster is made
port=$(docker port "$cluster-control-plane" 30080/tcp | sed -n 's/.*://p' | head -n 1)
answer=$(curl --silent --show-error --fail-with-body --retry 30 --retry-delay 1 --retry-all-errors --max-time 90 \
  --header 'content-type: application/json' --header 'prefer: wait=60' --data @- "http://127.0.0.1:$port/tasks" <<'END'
{"qc": "OPENQASM 3; include \"stdgates.inc\"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;", "shots": 1000}
END
)
echo "$answer"
task=$(sed -n 's/.*"task_id":"\([^"]*\)".*/\1/p' <<<"$answer")
# the resource follows the answer, which comes from Redis
kubectl --namespace "$namespace" wait --for=condition=Finished "quantumtask/$task" --timeout=60s >/dev/null
kubectl --namespace "$namespace" get quantumtasks
say "the API is at http://127.0.0.1:$port; to remove it all: kind delete cluster --name $cluster"
