"""axe-core finds nothing on any page, in either theme; what moves respects who wants no movement."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
# WCAG 2.2 A and AA, which RGAA 4 takes its criteria from, and what axe calls best practice.
RUN = """async rules => {
    const told = node => `    ${node.html.slice(0, 160)}\\n      ${node.failureSummary.replaceAll("\\n", " ")}`;
    const found = await axe.run(document, {resultTypes: ["violations"], iframes: false, preload: false, ...rules});
    return found.violations.map(one => [`${one.id}: ${one.help}`, ...one.nodes.slice(0, 4).map(told)].join("\\n"));
}"""

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

OBJECTS = [
    "/?ns={ns}",
    "/?ns={ns}&sel=Deployment/{ns}/web",
    "/?ns={ns}&sel=Deployment/{ns}/web&tab=history",
    "/?ns={ns}&sel=Deployment/{ns}/web&tab=logs",
    "/?ns={ns}&sel=Deployment/{ns}/web&tab=yaml",
    "/?ns={ns}&by=network&sel=Service/{ns}/web",
    "/?ns={ns}&by=node&sel=Ingress/{ns}/web",
    "/objects/Deployment/{ns}/web/do/scale/",
    "/objects/Deployment/{ns}/web/do/image/",
    "/objects/Namespace/-/{ns}/do/delete/",
    "/objects/Deployment/{ns}/web/events/",
    "/objects/Secret/{ns}/keys/",
    "/objects/ConfigMap/{ns}/settings/",
    "/objects/Node/-/node-1/",
    "/objects/Node/-/node-1/do/drain/",
]
PAGES = [
    "/nodes/",
    "/events/",
    "/activity/",
    "/replay/?ns={ns}",
    "/topology/?ns={ns}&sel=Deployment/{ns}/web&tab=story",
    "/?ns={ns}&sel=Deployment/{ns}/web&tab=fields",
    "/objects/Deployment/{ns}/web/edit/",
    "/objects/Deployment/{ns}/web/do/break/",
    "/list/pods/?ns={ns}",
    "/list/services/?ns={ns}",
    "/search/?q=web",
    "/logs/?ns={ns}&selector=app=web",
    "/new/",
    "/lessons/",
    "/quiz/",
    "/nowhere/",
]


def furnish(space):
    def make(api_version, kind, name, **parts):
        made = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}} | parts
        space.api.create(made, namespace=space.name)

    make("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {
        "host": f"{space.name}.localhost",
        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
    }
    make("networking.k8s.io/v1", "Ingress", "web", spec={"rules": [rule]})
    make("v1", "Secret", "keys", stringData={"password": "hunter2"})
    make("v1", "ConfigMap", "settings", data={"colour": "blue"})


def violations(page):
    """In light everything; in dark, what only colours decide."""
    page.evaluate(AXE.read_text())
    page.emulate_media(color_scheme="light")
    found = page.evaluate(RUN, {})
    page.emulate_media(color_scheme="dark")
    return found + page.evaluate(RUN, {"runOnly": ["color-contrast"]})


def found_on(space, reader, pages):
    found = []
    for path in dict.fromkeys(pages):
        reader.page.goto(space.url(path.format(ns=space.name)), wait_until="load")
        found += [f"{path}\n  {violation}" for violation in violations(reader.page)]
    reader.errors.clear()  # the page that does not exist
    return "\n".join(found)


def test_axe_finds_nothing_on_objects_and_their_forms_in_either_theme(space, open_page):
    furnish(space)
    reader = open_page(space.url(), bypass_csp=True, reduced_motion="reduce")
    reader.page.keyboard.press("Control+k")
    expect(reader.page.locator("#palette").get_by_role("option").first).to_be_visible()
    assert violations(reader.page) == []
    assert found_on(space, reader, OBJECTS) == ""


def test_axe_finds_nothing_on_the_other_pages_in_either_theme(space, open_page):
    reader = open_page(space.url(), bypass_csp=True, reduced_motion="reduce")
    inside = "links => links.map(link => link.getAttribute('href'))"
    named = reader.page.locator("#nav ul a").evaluate_all(inside)
    pages = PAGES + [path for path in named if not path.startswith("/list/")]  # one list is as another
    for path in ("/lessons/", "/quiz/"):
        reader.page.goto(space.url(path))
        pages += reader.page.locator("#main a[href^='/']").evaluate_all(inside)[:2]
    assert found_on(space, reader, pages) == ""


def test_who_wants_no_movement_gets_none(space, open_page):
    reader = open_page(space.url(), reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll("*")].filter(node => {
        const style = getComputedStyle(node);
        const seconds = text => Math.max(...text.split(",").map(parseFloat));
        const animated = style.animationName !== "none" && seconds(style.animationDuration) > 0;
        return animated || seconds(style.transitionDuration) > 0;
    }).map(node => node.className)"""
    assert reader.page.evaluate(moving) == []
