"""kube-proxy, policies and the cluster's DNS: nftables rules and names of each node's container; the Ingress controller.

`proxy.py`, `policy.py` and `dns.py` are pure: objects → text. `agent.py` is a node's controller that brings the text
into its node container; `publisher.py` brings node ports and load balancers to localhost; `ingress.py` installs Traefik.
"""
