"""The Django app that owns the cluster's tables."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "minikweb.store"
    label = "store"
