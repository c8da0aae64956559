"""A class of three browsers: a teacher and two students, one of them on a phone, through a lesson to its end."""

import os
import re
import subprocess

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.running import DEADLINE, KUBECTL, RunningCluster, until

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.kubectl]
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """A cluster for the network, where everybody signs in."""
    running = RunningCluster(tmp_path_factory.mktemp("school"), nodes=1, MINIKWEB_BIND="0.0.0.0")
    try:
        yield running.start()
    finally:
        running.clean_up()


@pytest.fixture
def teacher(school, open_page):
    """The teacher's browser, with an open class."""
    told = school.run("createteacher", "ada", "--generate").stdout
    reader = open_page(school.url("/class/"))
    expect(reader.page.get_by_role("heading", name="Sign in")).to_be_visible()
    reader.page.get_by_label("Name").fill("ada")
    reader.page.get_by_label("Password").fill(re.search(r"Password: (\S+)", told)[1])
    reader.page.get_by_role("button", name="Sign in").click()
    reader.page.get_by_label("A new class").fill("DevOps, Monday")
    reader.page.get_by_role("button", name="Open the class").click()
    expect(reader.page.get_by_text("Nobody has joined yet.")).to_be_visible()
    return reader


@pytest.fixture
def join(school, teacher, open_page):
    """A student's browser, once they are in."""
    code = teacher.page.locator(".join-code").inner_text()

    def join(pseudonym, **options):
        reader = open_page(school.url("/join/"), **options)
        reader.page.get_by_label("Code of the class").fill(code.lower())
        reader.page.get_by_label("Pseudonym").fill(pseudonym)
        reader.page.get_by_role("button", name="Join").click()
        expect(reader.page.get_by_role("heading", name=f"Welcome, {pseudonym}")).to_be_visible()
        reader.namespace = reader.page.locator("dd code").first.inner_text()
        return reader

    return join


def kubeconfig(reader, folder):
    """Downloads it as a student does."""
    reader.page.locator(".who-name").click()
    with reader.page.expect_download() as download:
        reader.page.get_by_role("button", name="Download my kubeconfig").click()
    path = folder / "kubeconfig"
    download.value.save_as(path)
    return path


def kubectl(config, *arguments):
    environment = {"KUBECONFIG": str(config), "HOME": str(config.parent), "PATH": os.environ["PATH"]}
    done = subprocess.run([KUBECTL, *arguments], env=environment, capture_output=True, text=True, timeout=DEADLINE)
    return done.stdout + done.stderr


def row(board, name):
    return board.page.locator(".board tbody tr").filter(has_text=name)


def test_it_works(school, teacher, join, tmp_path):
    zoe, lou = join("Zoé"), join("Lou", **PHONE)
    expect(row(teacher, "Zoé")).to_be_visible()  # without a reload
    expect(row(teacher, "Lou")).to_be_visible()
    config = kubeconfig(zoe, tmp_path)
    teacher.page.goto(teacher.page.url + "?lesson=replicaset")

    # A step turns green by what the student types with a kubectl of their own; the board sees it.
    zoe.page.goto(school.url("/lessons/replicaset/create/"))
    expect(row(teacher, "Zoé").locator("td").first).to_have_class("cell here")
    applied = kubectl(config, "apply", "-f", school.url("/lessons/replicaset/manifests/web.yaml"))
    assert "created" in applied, applied
    expect(zoe.page.locator("[data-step-done=create]")).to_be_visible()
    expect(row(teacher, "Zoé").locator("td").first).to_have_class("cell done")
    expect(row(teacher, "Lou").locator("td").first).to_have_class("cell ")

    # What is Lou's stays Lou's; the switcher of namespaces offers one's own.
    assert "forbidden" in kubectl(config, "get", "pods", "-n", lou.namespace)
    assert "forbidden" in kubectl(config, "get", "secrets", "-A")
    zoe.page.goto(school.url("/"))
    offered = zoe.page.locator("#ns option").all_inner_texts()
    assert offered == ["All namespaces", zoe.namespace, f"{zoe.namespace}-lab"]
    expect(zoe.row("web")).to_be_visible()
    assert lou.namespace not in zoe.page.content()

    # « Je suis perdu »: the teacher sees it, brings Lou to a step, and Lou goes on from there.
    lou.page.get_by_role("button", name="I am lost").click()
    expect(teacher.page.locator(".needs-you .asks")).to_contain_text("Lou is lost")
    teacher.page.locator(".needs-you a", has_text="Lou").click()
    teacher.page.get_by_role("button", name="Helped: take the hand down").click()
    expect(lou.page.get_by_role("button", name="I am lost")).to_have_attribute("aria-pressed", "false")
    row(teacher, "Lou").get_by_role("link").click()
    teacher.page.get_by_label("Bring to a step").select_option("replicaset")
    teacher.page.get_by_label("Step", exact=True).select_option("heal")
    teacher.page.get_by_role("button", name="Bring there").click()
    until(lambda: len(school.running_pods(lou.namespace)) == 3, "Lou's three pods")
    expect(teacher.page.locator("#glance .table tbody tr")).to_have_count(3)
    teacher.page.get_by_role("link", name="DevOps, Monday").click()
    expect(row(teacher, "Lou").locator("td").first).to_have_class("cell shown")

    # The teacher calls everyone; each goes when ready.
    teacher.page.get_by_label("Call everyone to a step").select_option("scale")
    teacher.page.get_by_role("button", name="Call", exact=True).click()
    for student in (zoe, lou):
        student.page.get_by_role("button", name="The teacher calls everyone").click()
        expect(student.page).to_have_url(school.url("/lessons/replicaset/scale/"))
        assert student.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # The end: what there was is said, the pages and the token are over.
    teacher.page.get_by_text("Close the class").first.click()
    teacher.page.get_by_role("button", name="Close the class").click()
    expect(teacher.page.get_by_role("status").filter(has_text="5 Namespaces")).to_be_visible()
    for student in (zoe, lou):
        expect(student.page.get_by_role("heading", name="The class is over")).to_be_visible()
        student.errors.clear()  # sockets that were refused meanwhile
    assert "You must be logged in" in kubectl(config, "get", "pods")
    until(lambda: not _namespaces(school, zoe, lou), "the end of the namespaces")


def _namespaces(school, *students):
    names = {one["metadata"]["name"] for one in school.client.list("Namespace")["items"]}
    return names & {student.namespace for student in students}


def test_axe_finds_nothing_on_the_pages_of_a_class(school, teacher, join, open_page):
    zoe = join("Zoé")
    zoe.page.goto(school.url("/lessons/replicaset/create/"))
    zoe.page.get_by_role("button", name="I am lost").click()
    here = re.search(r"/class/\w+/", teacher.page.url)[0]
    views = [
        (teacher, ["/class/", here, f"{here}screen/", f"{here}student/{zoe.namespace}/"]),
        (zoe, ["/me/", "/lessons/replicaset/create/", "/class/"]),
        (None, ["/sign-in/", "/join/", "/over/"]),
    ]
    found = []
    for who, paths in views:
        state = {"storage_state": who.context.storage_state()} if who else {}
        reader = open_page(school.url(paths[0]), bypass_csp=True, reduced_motion="reduce", **state)
        for path in paths:
            reader.page.goto(school.url(path))
            found += [f"{path}\n  {violation}" for violation in violations(reader.page)]
        reader.errors.clear()  # the page that is for the teacher
    assert found == [], "\n" + "\n".join(found)
