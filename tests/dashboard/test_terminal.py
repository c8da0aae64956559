"""A terminal's page and socket; the shell itself is in tests/browser/test_terminal.py."""

import asyncio
import json

from minikweb.dashboard import kubectl
from tests.dashboard.browser import Browser
from tests.dashboard.web import running


def node(web, name, runtime):
    made = web.make({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    web.status(made, {"nodeInfo": {"containerRuntimeVersion": runtime}})


def pod_on(web, name, status=None):
    """A Pod that runs on a node."""
    spec = {"nodeName": name, "containers": [{"name": "web", "image": "demo:1"}]}
    made = web.make({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1"}, "spec": spec})
    web.status(made, status or running())
    return web.get(web.path("Pod", "web-1", "terminal/"))


def test_it_works(web):
    node(web, "terminal-docker", "docker://20.10")
    page = pod_on(web, "terminal-docker")
    assert f'data-socket="/ws/exec/{web.namespace}/web-1/"' in page
    assert 'data-container="web"' in page


def test_a_simulated_node_says_that_a_terminal_needs_docker(web):
    node(web, "terminal-simulated", "simulated://1.0")
    page = pod_on(web, "terminal-simulated")
    assert "A terminal needs Docker." in page
    assert "data-socket=" not in page


def test_without_a_running_container_there_is_no_shell(web):
    page = pod_on(web, "terminal-nowhere", {"phase": "Pending"})
    assert "No container runs." in page


def test_the_command_is_kubectls():
    assert kubectl.exec("demo", "web-1", "web") == "kubectl exec -it web-1 -c web -n demo -- sh"


def test_what_the_api_refuses_is_said(web):
    async def refused():
        async with Browser(f"/ws/exec/{web.namespace}/nobody/?container=web") as browser:
            return json.loads(await browser.receive())

    assert asyncio.run(refused()) == {"error": 'pods "nobody" not found'}


def test_a_page_of_another_site_opens_no_shell(web):
    refused = Browser(f"/ws/exec/{web.namespace}/web-1/", origin="http://evil.example").opens()
    assert asyncio.run(refused) is False
