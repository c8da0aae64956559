"""Scripts that print a ratio against a peer measured in the same run, or "peer absent"; never a test.

`make bench` runs them all; `python -m benchmarks api rollout` runs some. Peer binaries (kube-apiserver, etcd,
kube-controller-manager, kube-scheduler, kwok) are looked for in the folder PEERS; Docker is its own peer.
"""
