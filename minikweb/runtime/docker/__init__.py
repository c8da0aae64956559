"""THE door to Docker: pods, images, and what an installation leaves there. Nothing else imports the SDK.

`runtime.py` is the Runtime; `containers.py` (pure) says how a pod is written in Docker's words and read back;
`streams.py` is logs and exec; `images.py` pulls and builds; `installation.py` is what `up` and `reset` need.
"""
