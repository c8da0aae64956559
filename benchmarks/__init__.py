"""Scripts that print a ratio against a peer measured in the same run, or "peer absent"; never a test.

`make bench` runs them all; `python -m benchmarks api rollout` runs some. Real pods and Services have their peer in the
same run: plain containers, the pod's own address. A real control plane beside ours is not run yet.
"""
