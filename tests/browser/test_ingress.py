"""Names under .localhost, as a browser of this machine finds them."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error

from minikweb.apimachinery.errors import NotFound
from minikweb.kinds.laptop import laptop_urls
from tests.running import until

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.docker]


@pytest.fixture
def ingress(docker_cluster):
    """An Ingress for the demo, once it has an address."""
    assert docker_cluster.run("ingress", "install", seconds=300).returncode == 0
    docker_cluster.kubectl("expose", "deployment", "demo", "-n", "demo", "--port=80", "--target-port=8080")
    docker_cluster.kubectl("create", "ingress", "demo", "-n", "demo", "--rule=demo.localhost/*=demo:80")

    def with_address():
        found = docker_cluster.client.get("Ingress", "demo", "demo")
        return found["status"]["loadBalancer"].get("ingress") and found

    yield until(with_address, "an address")
    for kind in ("Ingress", "Service"):
        docker_cluster.client.delete(kind, "demo", "demo")
    assert docker_cluster.run("ingress", "remove").returncode == 0
    with pytest.raises(NotFound):
        docker_cluster.client.get("Deployment", "traefik", "kube-system")


def test_the_link_of_an_ingress_opens_without_an_entry_in_etc_hosts(docker_cluster, ingress, chromium):
    (link,) = laptop_urls(ingress, http=docker_cluster.ingress_port, https=docker_cluster.ingress_tls_port)
    assert link.startswith("http://demo.localhost:")
    page = chromium.new_page()

    def opens():
        with suppress(Error):  # nobody listens yet
            return page.goto(link).status == 200

    until(opens, "the demo")
    assert page.locator("h1").inner_text() == "Hello from Minikweb"
    page.close()
