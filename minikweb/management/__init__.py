"""The processes and the commands that start, supervise and install them: wiring, no semantics."""
