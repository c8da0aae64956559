"""kube-proxy and the cluster's DNS: Services as nftables rules and names of each node's container.

`proxy.py` and `dns.py` are pure: objects → text. `agent.py` is a node's controller that brings the text into its node
container; `publisher.py` brings node ports and load balancers to localhost.
"""
