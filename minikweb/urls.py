"""Every path of the pages. The Kubernetes API has its own process and its own routes (apiserver/routes)."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
websocket_urlpatterns: list[URLPattern | URLResolver] = []
