"""Loaded by pytest before anything else (see addopts): no test sees this machine's own installation."""

import os
import tempfile

if "MINIKWEB_DATA" not in os.environ:
    _folder = tempfile.TemporaryDirectory(prefix="minikweb-tests-")
    os.environ["MINIKWEB_DATA"] = _folder.name
for _name in ("REDIS_URL", "DATABASE_URL", "MINIKWEB_KUBECONFIG", "MINIKWEB_BIND", "MINIKWEB_RUN"):
    os.environ.pop(_name, None)
os.environ["LC_ALL"] = "C.UTF-8"  # the commands speak English
