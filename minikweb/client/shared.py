"""The one cache of the pages' process (client-go's SharedInformerFactory): all pages see the same objects."""

from __future__ import annotations

from functools import lru_cache

from minikweb import settings
from minikweb.client.informer import Cache
from minikweb.client.kubeconfig import client_for, from_kubeconfig


@lru_cache(maxsize=1)
def shared_cache() -> Cache:
    """Made and started when first asked for, hence after the fork. With MINIKWEB_KUBECONFIG it follows that cluster."""
    client = from_kubeconfig(settings.KUBECONFIG) if settings.KUBECONFIG else client_for("web")
    cache = Cache(client)
    cache.start()
    return cache
