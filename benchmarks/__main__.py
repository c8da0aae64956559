"""`python -m benchmarks [name …]`: runs the scripts and prints one table."""

from __future__ import annotations

import importlib
import os
import sys

SCRIPTS = ("start", "api", "rollout", "pods", "network", "browser", "logs", "quiz", "classroom", "gitops", "helm")


def main(names: list[str]) -> int:
    """Returns 2 for an unknown name, else 0: a benchmark judges nothing."""
    unknown = sorted(set(names) - set(SCRIPTS))
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(SCRIPTS)}", file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minikweb.settings")
    from benchmarks.report import table

    figures = []
    for name in names or SCRIPTS:
        print(f"# {name} …", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"benchmarks.{name}").figures()
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
