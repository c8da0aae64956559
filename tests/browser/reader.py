"""Somebody who reads and clicks, and the namespace they look at."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.running import RunningCluster, until

SLOW = 20_000  # ms; two cores, and other tests beside
expect.set_options(timeout=SLOW)


class Reader:
    """A browser window on a page; `errors` collects what its console complained about."""

    def __init__(self, chromium: Browser, url: str, *, width: int = 1280, height: int = 900, **options: Any):
        options = {"locale": "en-GB", "color_scheme": "light"} | options
        self.context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        self.context.set_default_timeout(SLOW)
        self.errors: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(url)

    def _note(self, message: ConsoleMessage) -> None:
        # Chromium drops requests when the machine gets a network, as Docker makes them for the tests beside.
        if message.type == "error" and "ERR_NETWORK_CHANGED" not in message.text:
            self.errors.append(message.text)

    def close(self) -> None:
        self.context.close()

    def is_live(self) -> None:
        expect(self.page.locator("#live")).to_have_attribute("data-state", "live")

    def rows(self, kind: str = "") -> Locator:
        """The rows of the tree, of one kind if given."""
        return self.page.locator(f'#rows tr:has(.glyph[title="{kind}"])' if kind else "#rows tr")

    def row(self, name: str) -> Locator:
        return self.page.locator("#rows tr").filter(has=self.page.get_by_role("link", name=name, exact=True)).first

    def open(self, kind: str, name: str) -> None:
        """Opens an object beside the tree, by its row."""
        self.rows(kind).filter(has=self.page.get_by_role("link", name=name, exact=True)).get_by_role("link").click()
        expect(self.page.locator("#panel-title")).to_have_text(name)

    def verb(self, name: str) -> None:
        """Opens the form of an action."""
        self.page.locator(f".verbs [data-act={name}]").click()
        expect(self.page.locator("#action form")).to_be_visible()

    def confirm(self) -> None:
        self.page.locator("#action button[type=submit]").click()
        expect(self.page.locator("#action")).to_be_hidden()

    def tab(self, name: str) -> None:
        self.page.locator(".tabs").get_by_role("link", name=name).click()
        expect(self.page.locator(".tabs [aria-current=page]")).to_have_text(name)

    def command(self) -> str:
        """The kubectl line that the open form shows."""
        return self.page.locator("#preview pre").inner_text()


class Space:
    """A namespace of a running cluster."""

    def __init__(self, cluster: RunningCluster, name: str):
        self.cluster, self.name, self.api = cluster, name, cluster.client
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def url(self, path: str = "") -> str:
        return self.cluster.url(path or f"/?ns={self.name}")

    def deploy(self, name: str, *, replicas: int = 3, image: str = "minikweb/demo:1", **container: Any) -> None:
        labels = {"app": name}
        containers = [{"name": "web", "image": image} | container]
        template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        metadata = {"name": name, "annotations": {"kubernetes.io/change-cause": "version 1"}}
        made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
        self.api.create(made, namespace=self.name)
        self.cluster.wait_for_pods(replicas, self.name)

    def deployment(self, name: str = "web") -> dict[str, Any]:
        return self.api.get("Deployment", name, self.name)

    def image(self) -> str:
        return self.deployment()["spec"]["template"]["spec"]["containers"][0]["image"]

    def rolled_out(self, image: str) -> None:
        """Waits until every pod runs this image."""

        def done() -> bool:
            pods = self.cluster.running_pods(self.name)
            wanted = self.deployment()["spec"]["replicas"]
            return len(pods) == wanted and {p["spec"]["containers"][0]["image"] for p in pods} == {image}

        until(done, f"{image} on every pod")

    def remove(self) -> None:
        self.api.delete("Namespace", self.name)
