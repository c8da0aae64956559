"""The paths of the pages and of their sockets. "-" is the namespace of what has none."""

from django.urls import path

from minikweb.dashboard import consumers, logs, terminal
from minikweb.dashboard.views import (
    actions,
    activity,
    applications,
    author,
    charts,
    editor,
    git,
    graphs,
    helm,
    lists,
    manifests,
    nodes,
    objects,
    preferences,
    replay,
    schemas,
    sealing,
    search,
    topology,
    tree,
)
from minikweb.dashboard.views import logs as log_pages

app_name = "dashboard"
_OBJECT = "objects/<str:kind>/<str:namespace>/<str:name>/"

urlpatterns = [
    path("", tree.tree, name="tree"),
    path("replay/", replay.replay, name="replay"),
    path("topology/", topology.topology, name="topology"),
    path("activity/", activity.feed, name="activity"),
    path("activity/last/", activity.echo, name="echo"),
    path("events/", lists.events, name="events"),
    path("list/<str:plural>/", lists.listing, name="list"),
    path("nodes/", nodes.page, name="nodes"),
    path("nodes/add/", nodes.add, name="add-node"),
    path("search/", search.search, name="search"),
    path("new/", manifests.new, name="new"),
    path("schemas/", schemas.kinds, name="schemas"),
    path("schemas/<path:api_version>/<str:kind>/", schemas.schema, name="schema"),
    path("charts/index.yaml", charts.index_yaml, name="chart-index"),
    path("charts/<str:name>.tgz", charts.archive, name="chart-archive"),
    path("apps/", applications.index, name="apps"),
    path("apps/new/", applications.new, name="new-app"),
    path("apps/<str:name>/", applications.show, name="app"),
    path("apps/<str:name>/sync/", applications.sync, name="sync-app"),
    path("apps/<str:name>/refresh/", applications.refresh, name="refresh-app"),
    path("apps/<str:name>/delete/", applications.delete, name="delete-app"),
    path("apps/<str:name>/rollback/<int:number>/", applications.rollback, name="rollback-app"),
    path("apps/<str:name>/<str:tab>/", applications.show, name="app"),
    path("git/<slug:name>.git/<path:path>", git.serve, name="git"),
    path("helm/", helm.index, name="helm"),
    path("helm/charts/", charts.index, name="charts"),
    path("helm/charts/<str:name>/", charts.show, name="chart"),
    path("helm/author/", author.index, name="author-index"),
    path("helm/author/<str:name>/", author.edit, name="author"),
    path("helm/author/<str:name>/save/", author.save, name="save-chart"),
    path("helm/author/<str:name>/change/", author.change, name="change-chart"),
    path("helm/releases/<str:namespace>/<str:name>/", helm.show, name="release"),
    path("helm/releases/<str:namespace>/<str:name>/uninstall/", helm.uninstall, name="uninstall"),
    path("helm/releases/<str:namespace>/<str:name>/rollback/<int:revision>/", helm.rollback, name="rollback"),
    path("helm/releases/<str:namespace>/<str:name>/<str:tab>/", helm.show, name="release"),
    path("sealed/", sealing.index, name="sealed"),
    path("sealed/seal/", sealing.seal, name="seal"),
    path("sealed/apply/", sealing.apply, name="apply-sealed"),
    path("sealed/certificate/", sealing.certificate, name="certificate"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("secrets/<str:namespace>/<str:name>/reveal/", objects.reveal, name="reveal"),
    path("logs/", log_pages.selection, name="logs"),
    path("logs/<str:namespace>/<str:name>/", log_pages.download, name="download"),
    path(_OBJECT + "usage/", graphs.graphs, name="graphs"),
    path(_OBJECT + "edit/", editor.edit, name="edit"),
    path(_OBJECT + "do/<str:verb>/", actions.act, name="act"),
    path(_OBJECT, objects.show, name="object"),
    path(_OBJECT + "<str:tab>/", objects.show, name="object"),
]

websocket_urlpatterns = [
    path("ws/live/", consumers.LiveConsumer.as_asgi()),
    path("ws/exec/<str:namespace>/<str:name>/", terminal.TerminalConsumer.as_asgi()),
    path("ws/logs/<str:namespace>/<str:kind>/<str:name>/", logs.LogsConsumer.as_asgi()),
]
