"""Pages for a cluster that somebody else runs: what `up` prepares for its own, and a first look at that cluster."""

from __future__ import annotations

import os
import sys

from django.utils.translation import gettext as _

from minikweb import settings
from minikweb.apimachinery import errors
from minikweb.client.kubeconfig import KubeconfigError, from_kubeconfig
from minikweb.management import assets, preparation
from minikweb.management.datafolder import DataFolder, Refusal
from minikweb.management.terminal import say


def prepare() -> DataFolder:
    """The folder of the pages, open and locked, with their key, tables and files. Raises Refusal.

    A cluster that does not answer now is no reason to refuse: the pages say so and follow it when it comes.
    """
    version = look(settings.KUBECONFIG)
    folder = DataFolder(settings.DATA_DIR, settings.RUN_DIR)
    folder.open()
    folder.ensure_cluster()
    preparation.check_ports(settings.BIND, {"MINIKWEB_HTTP_PORT": settings.HTTP_PORT})
    if folder.ensure_secret_key():
        start_over()
    assets.ensure(settings.BASE_DIR, say)
    preparation.migrate_pages()
    say(version)
    say(_("  Dashboard  http://%(host)s:%(port)d/") % {"host": settings.BIND, "port": settings.HTTP_PORT})
    say(_("Ctrl-C stops the pages; the cluster goes on as it is."))
    return folder


def look(kubeconfig: str) -> str:
    """One line about the cluster of a kubeconfig, from one question to it. Raises Refusal for a bad file."""
    try:
        client = from_kubeconfig(kubeconfig)
    except KubeconfigError as error:
        raise Refusal(str(error)) from error
    try:
        version = client.request("GET", "/version").json().get("gitVersion", "?")
        return _("The cluster of %(file)s answers: Kubernetes %(version)s.") % {"file": kubeconfig, "version": version}
    except errors.ApiError as error:
        return _("The cluster of %(file)s does not answer yet: %(why)s") % {"file": kubeconfig, "why": error.message}
    finally:
        client.close()


def start_over() -> None:
    """The same command in the same process, with settings that know files made a moment ago."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
