"""The topology: a drawing in which nothing changes places."""

from minikweb.dashboard import drawing
from minikweb.dashboard.sight import Sight, matching
from minikweb.dashboard.tree import Tree, entry
from tests.dashboard.objects import REGISTRY, made


def tree_of(*objects):
    return Tree(entry(obj, REGISTRY.named(obj["kind"]).health) for obj in objects)


def pod(name, owner, ready=True, **parts):
    state = {"running": {}} if ready else {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"phase": "Running", "containerStatuses": [{"name": "web", "ready": ready, "state": state}]}
    metadata = {"labels": {"app": "web"}, "creationTimestamp": parts.pop("created", "2026-11-23T11:00:00Z")}
    return made("Pod", name, owner=owner, metadata=metadata, spec={"containers": [{"name": "web"}]}, status=status)


NAMESPACE = made("Namespace", "demo")
WEB = made("Deployment", "web", spec={"replicas": 2})
RS = made("ReplicaSet", "web-a", owner=WEB, spec={"replicas": 2})
SERVICE = made("Service", "front", spec={"selector": {"app": "web"}})
RULES = [{"http": {"paths": [{"backend": {"service": {"name": "front"}}}]}}]
INGRESS = made("Ingress", "door", spec={"rules": RULES})


def draw(*objects, services=(), ingresses=(), **options):
    every = (NAMESPACE, WEB, RS, *objects, *services, *ingresses)
    return drawing.draw(tree_of(*every), services, ingresses, **options)


def places(found):
    return {node.name if node.count == 1 else f"{node.count} pods": (node.column, node.row) for node in found.nodes}


def lines(found):
    names = {node.id: node.name for node in found.nodes}
    return {(names[edge.start], names[edge.end], edge.kind) for edge in found.edges}


def test_it_works():
    found = draw(pod("p1", RS), pod("p2", RS), services=[SERVICE], ingresses=[INGRESS])
    assert places(found) == {
        "web": (2, 1), "web-a": (3, 1), "p1": (4, 1), "p2": (4, 2), "front": (1, 1), "door": (0, 1),
    }  # fmt: skip
    assert lines(found) == {
        ("web", "web-a", "owner"), ("web-a", "p1", "owner"), ("web-a", "p2", "owner"),
        ("front", "p1", "traffic"), ("front", "p2", "traffic"), ("door", "front", "traffic"),
    }  # fmt: skip
    assert found.lanes == [("demo", 0)]


def test_many_pods_are_one_box_and_the_bad_ones_are_drawn_out():
    pods = [pod(f"p{n}", RS) for n in range(10)] + [pod("bad", RS, ready=False)]
    found = draw(*pods, services=[SERVICE])
    assert places(found)["10 pods"] == (4, 1) and places(found)["bad"] == (4, 2)
    (group,) = [node for node in found.nodes if node.count > 1]
    assert group.ready == (10, 10) and group.path == "ReplicaSet/demo/web-a"
    assert ("front", "bad", "traffic") in lines(found)


def test_what_is_new_slots_in_and_nothing_changes_places():
    before = draw(pod("p1", RS), made("Deployment", "zebra"))
    after = draw(pod("p1", RS), pod("p0", RS, created="2026-11-23T12:00:00Z"), made("Deployment", "zebra"))
    assert places(after)["p1"] == places(before)["p1"] == (4, 1)
    assert places(after)["p0"] == (4, 2)
    assert places(before)["zebra"] == (2, 2) and places(after)["zebra"] == (2, 3)


def test_the_order_does_not_depend_on_health():
    fine = draw(pod("p1", RS), pod("p2", RS))
    broken = draw(pod("p1", RS), pod("p2", RS, ready=False))
    assert places(fine) == places(broken)


def test_a_service_without_pods_stands_below_and_no_two_boxes_share_a_place():
    other = made("Service", "zero", spec={"selector": {"app": "nobody"}})
    twin = made("Service", "twin", spec={"selector": {"app": "web"}})
    found = draw(pod("p1", RS), services=[SERVICE, twin, other])
    taken = [(node.column, node.row) for node in found.nodes]
    assert len(set(taken)) == len(taken)
    assert places(found)["zero"][1] > places(found)["twin"][1]


def test_a_filter_leaves_what_matches_and_what_leads_there():
    tree = tree_of(NAMESPACE, WEB, RS, pod("p1", RS), made("Deployment", "other"), SERVICE)
    kept = matching(tree, Sight(query="p1")).ids
    names = {node.name for node in drawing.draw(tree, [SERVICE], [], "demo", kept).nodes}
    assert names == {"web", "web-a", "p1", "front"}


def test_what_a_custom_resource_controls_is_drawn():
    cake = {
        "apiVersion": "bakery.example/v1", "kind": "Cake",
        "metadata": {"name": "birthday", "namespace": "demo", "uid": "c" * 32},
    }  # fmt: skip
    oven = made("Deployment", "oven", owner=cake)
    tree = tree_of(NAMESPACE, oven)
    assert [node.name for node in drawing.draw(tree, [], []).nodes] == ["oven"]


def test_an_empty_namespace_and_another_one_are_not_drawn():
    assert drawing.draw(tree_of(NAMESPACE), [], []).lanes == []
    assert draw(pod("p1", RS), namespace="elsewhere").nodes == []


def test_too_many_are_cut_and_counted(monkeypatch):
    monkeypatch.setattr(drawing, "MOST", 3)
    found = draw(pod("p1", RS), pod("p2", RS))
    assert len(found.nodes) == 3 and found.hidden == 1
    assert all({edge.start, edge.end} <= {node.id for node in found.nodes} for edge in found.edges)


def test_ids_are_those_of_the_tree_so_that_a_box_stays_the_same_box():
    found = draw(pod("p1", RS))
    tree = tree_of(NAMESPACE, WEB, RS)
    assert {node.id for node in found.nodes if node.kind != "Pod"} <= set(tree.entries)


def test_the_page_draws_links_to_the_objects_and_the_same_as_a_table(web):
    deployment = web.deployment()
    web.pod("web-1", deployment)
    page = web.get(f"/topology/?ns={web.namespace}")
    assert f'href="{web.path("Deployment", "web")}"' in page and f'href="{web.path("Pod", "web-1")}"' in page
    assert f"/?ns={web.namespace}" in page
    assert "Nothing matches the filter." in web.get(f"/topology/?ns={web.namespace}&q=nothing-like-it")
    beside = web.get(f"/topology/?ns={web.namespace}&sel=Deployment/{web.namespace}/web")
    assert 'id="panel-title"' in beside
