"""The runtime of machines without Docker, and of thousands of pods: containers that exist only as words.

It never pretends: logs say that they are simulated, exec is NotSupported. `fate.py` (pure) is what becomes of a
container, `runtime.py` the Runtime, `lines.py` its logs.
"""
