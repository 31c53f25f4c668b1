#!/bin/bash
# Stands in for kindnet, whose image cannot be had, except for network policies (default-cni.yaml). Connects the pods
# of the node, once it has a range of addresses for them, and has routes to the other nodes' ranges.
set -euo pipefail
export KUBECONFIG=/etc/kubernetes/kubelet.conf
configuration=/etc/cni/net.d/10-pods.conflist
# name, range of addresses for pods, and address of every node
nodes='{range .items[*]}{.metadata.name} {.spec.podCIDR}'
nodes+=' {.status.addresses[?(@.type=="InternalIP")].address}{"\n"}{end}'

# A pod keeps its address where it speaks to pods, for policies go by that, and has the node's everywhere else.
write_rules() {
  nft --file - <<NFT
table ip pod-network
delete table ip pod-network
table ip pod-network {
  set pods { type ipv4_addr; flags interval; elements = { $(IFS=,; echo "$*") } }
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr @pods ip daddr != @pods masquerade
  }
}
NFT
}

# What is meant for a Service (kind.yaml's serviceSubnet) stays here until kube-proxy is up and gives it another address.
keep_services_inside() {
  nft --file - <<NFT
table ip services-inside
delete table ip services-inside
table ip services-inside {
  chain output { type filter hook output priority filter; ip daddr 198.18.224.0/24 reject; }
  chain forward { type filter hook forward priority filter; ip daddr 198.18.224.0/24 reject; }
}
NFT
}

# The agent of the policies sees what is sent on, but not what pods send to the node itself, such as to the API server:
# this shows it that, too.
enforce_towards_node() {
  local rule=(INPUT --source "$1" -m conntrack --ctstate NEW -j NFQUEUE --queue-num 100 --queue-bypass)
  iptables --wait --check "${rule[@]}" 2>/dev/null || iptables --wait --append "${rule[@]}"
}

# A pod that is there has a route of its own. What is meant for one that is gone would leave the machine, where somebody
# might answer.
refuse_where_no_pod_is() { ip route replace unreachable "$1"; }

# Each pod has a link to the node, as with kindnet: on a bridge, they would pass by the node's rules on some machines.
write_configuration() {
  cat >"$configuration.new" <<JSON
{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "ptp",
      "ipam": {"type": "host-local", "ranges": [[{"subnet": "$1"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
JSON
  mv "$configuration.new" "$configuration"
}

keep_services_inside
known=
while true; do
  # until the node has joined there is nobody to ask
  if listed=$(kubectl get nodes --output "jsonpath=$nodes" 2>/dev/null) && [ "$listed" != "$known" ]; then
    own='' ranges=()
    while read -r name range address; do
      if [ -z "$address" ]; then continue; fi   # not all of it is known yet
      ranges+=("$range")
      if [ "$name" = "$HOSTNAME" ]; then own=$range; else ip route replace "$range" via "$address"; fi
    done <<<"$listed"
    if [ -n "$own" ]; then
      write_rules "${ranges[@]}"
      enforce_towards_node "$own"
      refuse_where_no_pod_is "$own"
      if [ ! -e "$configuration" ]; then write_configuration "$own"; fi
      known=$listed
    fi
  fi
  if [ -e "$configuration" ]; then sleep 10; else sleep 0.5; fi
done
