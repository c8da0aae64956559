"""The tree's rows as HTML, and the sight that a URL and a browser's cookies ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.http import HttpRequest
from django.template.loader import get_template
from django.utils.translation import ngettext

from minikweb.dashboard import cluster, live
from minikweb.dashboard.arrangements import ARRANGEMENTS, by_network, by_node
from minikweb.dashboard.sight import DEEPEST, Row, Sight
from minikweb.dashboard.tree import Tree, entry

TOGGLED = "minikweb-tree"  # the cookie with the ids that are not in their usual state
NAMESPACE = "minikweb-ns"  # the cookie with the namespace last chosen


def namespace_of(request: HttpRequest) -> str:
    """The namespace of ?ns=, else the one that this browser chose last; "" for all of them."""
    return request.GET.get("ns", request.COOKIES.get(NAMESPACE, ""))


def sight_of(query: Mapping[str, str], cookies: Mapping[str, str]) -> Sight:
    """The sight of ?ns=&q=&problems=&by=&depth= and of what this browser has opened and closed."""
    depth, by = query.get("depth", ""), query.get("by", "")
    toggled = frozenset(filter(None, cookies.get(TOGGLED, "").split(".")))
    return Sight(
        namespace=query.get("ns", ""),
        query=query.get("q", ""),
        problems=query.get("problems", "") not in ("", "0", "false", "False"),
        arrangement=by if by in ARRANGEMENTS else "",
        depth=min(max(int(depth), 2), DEEPEST) if depth.isdigit() else DEEPEST,
        toggled=toggled,
    )


def tree_of(sight: Sight) -> Tree:
    """The tree as a sight arranges it."""
    tree = live.hub().tree()
    if sight.arrangement == "network":
        return by_network(tree, cluster.cache().list("Service"), cluster.cache().list("Ingress"))
    if sight.arrangement == "node":
        health = cluster.cache().client.kind("Node").health
        return by_node(tree, (entry(node, health) for node in cluster.cache().list("Node")), sight.namespace)
    return tree


def render(rows: Sequence[Row]) -> str:
    """The <tr>s of some rows, in the active language."""
    return get_template("dashboard/rows.html").render({"rows": rows})


def summary(tree: Tree, sight: Sight) -> str:
    """How the pods in sight fare, as the line above the tree shows it."""
    counts: dict[str, int] = {}
    for root in tree.namespaces:
        if tree.entries[root].kind != "Namespace" or sight.namespace in ("", tree.entries[root].name):
            for health, count in tree.tally(root).items():
                counts[health] = counts.get(health, 0) + count
    total = sum(counts.values())
    text = ngettext("%(count)d Pod", "%(count)d Pods", total) % {"count": total}
    return get_template("dashboard/summary.html").render({"text": text, "counts": counts})
