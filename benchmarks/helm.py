"""`helm install` of a chart of 30 objects, beside what helm needs to render the same chart without a cluster."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.cluster import running
from benchmarks.report import Figure
from tests import tools

OBJECTS, TIMES = 30, 5
CHART = "apiVersion: v2\nname: many\nversion: 1.0.0\n"
TEMPLATE = """\
{{- range $i := until %d }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $.Release.Name }}-{{ $i }}
data:
  release: {{ $.Release.Name }}
{{- end }}
"""


def figures() -> list[Figure]:
    with running("simulated") as cluster, tempfile.TemporaryDirectory() as folder:
        chart = _chart(Path(folder))
        environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "HOME": folder}
        _timed(environment, "install", "warm", str(chart))
        installed = [_timed(environment, "install", f"many-{number}", str(chart)) for number in range(TIMES)]
        rendered = [_timed(environment, "template", "many", str(chart)) for _ in range(TIMES)]
    what = f"helm install of {OBJECTS} objects, p50"
    return [Figure(what, median(installed) * 1000, "ms", median(rendered) * 1000, "helm template")]


def _chart(folder: Path) -> Path:
    (folder / "many" / "templates").mkdir(parents=True)
    (folder / "many" / "Chart.yaml").write_text(CHART)
    (folder / "many" / "templates" / "all.yaml").write_text(TEMPLATE % OBJECTS)
    return folder / "many"


def _timed(environment: dict[str, str], *words: str) -> float:
    began = time.monotonic()
    subprocess.run([tools.helm(), *words], env=environment, capture_output=True, check=True)
    return time.monotonic() - began
