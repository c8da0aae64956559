"""A node's page: closed to new Pods and opened again."""

from tests.dashboard.test_actions import done, text


def act(web, verb):
    return f"/objects/Node/-/closing/do/{verb}/"


def test_it_works(web):
    web.make({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "closing"}})
    assert "kubectl cordon closing" in text(web.get(act(web, "cordon"), hx_request="true"))
    assert done(web.post(act(web, "cordon"), hx_request="true")) == "closing is closed to new Pods."
    assert web.api.get("Node", "closing")["spec"]["unschedulable"] is True
    page = web.get("/objects/Node/-/closing/")
    assert 'data-act="uncordon"' in page
    assert 'data-act="cordon"' not in page

    assert "kubectl uncordon closing" in text(web.get(act(web, "uncordon"), hx_request="true"))
    web.post(act(web, "uncordon"), hx_request="true")
    assert "unschedulable" not in web.api.get("Node", "closing").get("spec", {})


def test_only_nodes_are_cordoned(web):
    web.deployment()
    assert web.ask(web.path("Deployment", "web", "do/cordon/")).status_code == 404


def test_pods_are_a_quantity_as_any_other(web):
    node = web.make({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "roomy"}})
    web.status(node, {"allocatable": {"pods": "5k", "cpu": "4", "memory": "8Gi"}})
    assert "/ 5000" in web.get("/objects/Node/-/roomy/")
