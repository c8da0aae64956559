"""kube-proxy, policies and DNS: nftables rules and names of each node's container; and an Ingress controller.

`proxy.py`, `policy.py` and `dns.py` are pure: objects → text. `agent.py` is a node's controller that brings it into its
node container; `publisher.py` brings node ports and load balancers to localhost; `ingress.py` installs Traefik.
"""
