#!/bin/bash
# Stands in for kindnet, whose image cannot be had. Gives the node a bridge for the pods of its own address range, once
# it has one, and routes to the other nodes' ranges. No network policy is enforced.
set -euo pipefail
export KUBECONFIG=/etc/kubernetes/kubelet.conf
configuration=/etc/cni/net.d/10-bridge.conflist
# name, range of addresses for pods, and address of every node
nodes='{range .items[*]}{.metadata.name} {.spec.podCIDR}'
nodes+=' {.status.addresses[?(@.type=="InternalIP")].address}{"\n"}{end}'

write_configuration() {
  cat >"$configuration.new" <<JSON
{
  "cniVersion": "1.0.0",
  "name": "bridge",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "isGateway": true,
      "ipMasq": true,
      "hairpinMode": true,
      "ipam": {"type": "host-local", "ranges": [[{"subnet": "$1"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
JSON
  mv "$configuration.new" "$configuration"
}

while true; do
  # until the node has joined there is nobody to ask
  if listed=$(kubectl get nodes --output "jsonpath=$nodes" 2>/dev/null); then
    while read -r name range address; do
      if [ -z "$address" ]; then continue; fi   # not all of it is known yet
      if [ "$name" != "$HOSTNAME" ]; then ip route replace "$range" via "$address"
      elif [ ! -e "$configuration" ]; then write_configuration "$range"; fi
    done <<<"$listed"
  fi
  if [ -e "$configuration" ]; then sleep 10; else sleep 0.5; fi
done
