"""A lesson with kubectl typed beside it, and a series of questions."""

import re

import pytest
from django.conf import settings
from playwright.sync_api import expect

from minikweb.people import actor
from minikweb.quiz import bank

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.kubectl]
LEARN = actor.LOCAL.namespace


@pytest.fixture
def lesson(cluster, open_page):
    """Opens a page of the lessons; the namespace is empty, as are the learner's memories of the Deployment lesson."""

    def lesson(path="deployment/roll-out/", **options):
        return open_page(cluster.url(f"/lessons/{path}"), **options)

    return lesson


def typed(cluster, *words):
    return cluster.kubectl(*words, "-n", LEARN)


def test_it_works(cluster, lesson):
    """Three steps of the Deployment lesson turn green by what is typed elsewhere, without a click."""
    reader = lesson(locale="fr-FR")
    page = reader.page
    if page.get_by_role("button", name=f"Créer le namespace {LEARN}").count():
        page.get_by_role("button", name=f"Créer le namespace {LEARN}").click()
    checks = page.locator("#checks li")
    expect(checks).to_have_count(2)
    expect(page.locator("#checks .observed").first).to_contain_text("aucun Deployment ne s'appelle web")

    typed(cluster, "create", "deployment", "web", "--image=minikweb/demo:1")
    expect(checks.nth(0)).to_have_class("passed")
    expect(checks.nth(1)).to_contain_text("une seule réplique")
    typed(cluster, "scale", "deployment/web", "--replicas=3")
    expect(page.locator("[data-step-done=roll-out]")).to_contain_text("Étape terminée")
    expect(page.locator("[data-lesson-step=roll-out]")).to_have_attribute("data-done", "")

    page.locator("#checks").get_by_role("link", name="Étape suivante").click()
    expect(page.locator(".prose h2").first).to_have_text("Passer à la version 2 et lire l'histoire")
    typed(cluster, "set", "image", "deployment/web", "demo=minikweb/demo:2")
    typed(cluster, "annotate", "deployment/web", "kubernetes.io/change-cause=version 2")
    expect(page.locator("[data-step-done=new-version]")).to_be_visible()
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/undo/$"))
    typed(cluster, "rollout", "undo", "deployment/web")
    expect(page.locator("[data-step-done=undo]")).to_be_visible()

    page.goto(cluster.url("/lessons/"))
    row = page.locator(".chapters a[href*=deployment]")
    expect(row).to_contain_text("3/8")
    row.click()
    expect(page).to_have_url(re.compile("/pace/$"))
    typed(cluster, "delete", "deployment", "web")
    page.goto(cluster.url("/lessons/deployment/undo/"))
    expect(page.locator("[data-step-done=undo]")).to_contain_text("même si le cluster a changé depuis")


def test_hints_come_one_by_one_and_then_the_solution(lesson):
    reader = lesson("pod/repair/")
    hints = reader.page.locator("#hints")
    for seen in (1, 2, 3):
        hints.get_by_role("button", name=re.compile("hint")).click()
        expect(hints.locator("ol li")).to_have_count(seen)
    hints.get_by_role("button", name="Show me").click()
    expect(hints.locator(".command")).to_contain_text(f"kubectl set image pod/broken demo=minikweb/demo:1 -n {LEARN}")


def test_a_late_comer_is_brought_to_a_step_and_sees_before_what_will_be_done(cluster, lesson):
    cluster.kubectl("create", "namespace", LEARN, check=False)  # the tests before may have made it
    typed(cluster, "create", "configmap", "remains")
    page = lesson("deployment/undo/").page
    page.get_by_text("Start again, or from here").click()
    page.get_by_role("link", name="Prepare step 3").click()
    expect(page.locator("main")).to_contain_text("1 ConfigMap: all of it is deleted")
    solutions = page.locator(".plan details")
    expect(solutions).to_have_count(2)
    solutions.last.click()
    expect(solutions.last.locator(".command")).to_contain_text("kubectl set image deployment/web demo=minikweb/demo:2")
    assert "remains" in typed(cluster, "get", "configmap"), "nothing is done before the button is pressed"
    page.get_by_role("button", name="go to step 3").click()
    expect(page).to_have_url(re.compile("/undo/$"), timeout=30_000)
    assert "remains" not in typed(cluster, "get", "configmap")
    assert "version 2" in typed(cluster, "rollout", "history", "deployment/web")
    expect(page.locator("[data-lesson-step=new-version]")).to_have_attribute("data-done", "")
    typed(cluster, "delete", "deployment", "web")


def test_a_lesson_is_typed_live_at_the_readers_pace(cluster, lesson):
    page = lesson("pod/demonstration").page
    screen = page.locator(".film-screen")
    expect(page.locator("main")).to_contain_text("First the namespace learn is emptied.")
    page.get_by_label("Speed").select_option(label="slow")
    page.get_by_role("button", name="Empty the namespace and begin").click()
    expect(screen).to_contain_text("# 1. A first Pod")
    page.get_by_role("button", name="Pause").click()
    paused = screen.inner_text()
    assert "pod/hello created" not in paused
    page.get_by_label("Speed").select_option(label="at once")
    page.get_by_role("button", name="Resume").click()
    expect(screen).to_contain_text("$ kubectl run hello --image=minikweb/demo:1 -n learn\npod/hello created")
    expect(page.get_by_text("That is all.")).to_be_visible(timeout=60_000)
    expect(screen).to_contain_text("# 6.")


def test_the_solution_of_a_step_is_typed_for_who_asks(cluster, lesson):
    cluster.kubectl("create", "namespace", LEARN, check=False)
    page = lesson("jobs/job/").page
    hints = page.locator("#hints")
    while hints.get_by_role("button", name=re.compile("hint")).count():
        hints.get_by_role("button", name=re.compile("hint")).click()
    hints.get_by_role("button", name="Show me the solution").click()
    page.get_by_label("Speed").select_option(label="at once")
    page.get_by_role("button", name="Type it for me").click()
    expect(page.locator("[data-step-done=job]")).to_be_visible()
    expect(page.locator("[data-lesson-step=job]")).to_have_attribute("data-done", "")
    typed(cluster, "delete", "jobs", "--all")


def test_a_lesson_is_shown_on_the_projector_with_the_arrow_keys(lesson):
    page = lesson("service/slides", locale="fr-FR", width=1920).page
    slides = page.locator(".slide")
    expect(slides.first.get_by_role("heading", level=1)).to_be_in_viewport()
    for key in ("ArrowRight", "PageDown", " "):
        page.keyboard.press(key)
    expect(slides.nth(3)).to_be_in_viewport(ratio=0.9)
    page.reload()
    expect(slides.nth(3)).to_be_in_viewport(ratio=0.9)
    page.keyboard.press("ArrowLeft")
    expect(slides.nth(2)).to_be_in_viewport(ratio=0.9)
    expect(slides.nth(2)).to_contain_text("À vous")
    page.keyboard.press("Home")
    expect(slides.first).to_be_in_viewport(ratio=0.9)
    height = page.viewport_size["height"]
    assert max(page.evaluate("[...document.querySelectorAll('.slide')].map(one => one.scrollHeight)")) <= height * 1.1


def test_the_cause_is_computed_from_what_is_there(cluster, lesson):
    reader = lesson("pod/run/")
    cause = reader.page.locator("#checks .cause")
    cluster.kubectl("create", "namespace", "elsewhere")
    cluster.kubectl("run", "hello", "--image=minikweb/demo:1", "-n", "elsewhere")
    expect(cause).to_have_text(re.compile(f"in the namespace elsewhere: the option -n {LEARN} was probably forgotten"))
    typed(cluster, "run", "hello", "--image=minikweb/demo:9")
    typed(cluster, "run", "hallo", "--image=minikweb/demo:1")
    expect(reader.page.locator("#checks .observed")).to_have_text(re.compile("is minikweb/demo:9"))
    cluster.kubectl("delete", "namespace", "elsewhere", "--wait=false")
    typed(cluster, "delete", "pods", "hello", "hallo")


def test_a_manifest_opens_in_the_editor_and_is_served_to_kubectl(cluster, lesson):
    reader = lesson("replicaset/create/")
    command = reader.page.locator(".command", has_text="kubectl apply -f").locator("pre").inner_text()
    address = re.search(r"http\S+", command)[0]
    assert "kind: ReplicaSet" in cluster.kubectl("create", "-f", address, "--dry-run=client", "-o", "yaml")
    with reader.context.expect_page() as opened:
        reader.page.get_by_role("button", name="Open in the editor").click()
    expect(opened.value.locator("#yaml")).to_have_value(re.compile("kind: ReplicaSet"))
    expect(opened.value.locator("#verdict")).to_contain_text("ReplicaSet")


def test_the_source_of_the_controller_is_one_click_away(lesson):
    reader = lesson("replicaset/orphans/")
    reader.page.get_by_role("link", name="minikweb/controllers/replicaset.py").click()
    expect(reader.page.locator(".source")).to_contain_text("class ReplicaSet")


def test_a_lesson_speaks_the_language_of_its_page_also_when_it_turns_green(cluster, lesson):
    reader = lesson("configuration/configmap/", locale="en-GB")
    expect(reader.page.locator("#checks .observed")).to_contain_text("no ConfigMap is called")
    pairs = ("--from-literal=GREETING=Bonjour", "--from-literal=COLOUR=bleu")
    typed(cluster, "create", "configmap", "settings", *pairs)
    expect(reader.page.locator("[data-step-done=configmap]")).to_contain_text("Step done.")
    typed(cluster, "delete", "configmap", "settings")


def test_a_series_of_questions_with_the_keyboard(cluster, open_page):
    reader = open_page(cluster.url("/quiz/"))
    page = reader.page
    page.get_by_label("Chapter").select_option("replicaset")
    page.get_by_label("Questions").select_option(label="all of them")
    page.get_by_role("button", name="Start").press("Enter")
    questions = {q.stem["en"]: q for q in bank.load_all(tuple(settings.LESSONS_DIRS)).values()}
    for number in range(1, 6):
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Question {number} of 5")
        shown = re.sub(r"\W", "", page.locator("#stem").inner_text())
        question = next(q for stem, q in questions.items() if _same(stem, shown))
        for option in sorted(question.right):
            page.locator(f"input[value='{option}']").press("Space")
        page.get_by_role("button", name="Answer").press("Enter")
        expect(page.locator(".notice.good")).to_contain_text("Exactly right.")
        assert page.locator(".because").count() == len(question.options)
        page.get_by_role("link", name=re.compile("Next question|See the result")).press("Enter")
    expect(page.locator(".mark")).to_have_text("5 / 5")


def _same(stem, shown):
    return re.sub(r"```(yaml)?|\W", "", stem) == shown


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", ["/lessons/", "/lessons/yaml/three/", "/lessons/replicaset/orphans/", "/quiz/"])
def test_no_page_is_wider_than_the_screen(cluster, open_page, path, width):
    reader = open_page(cluster.url(path), width=width, locale="fr-FR")
    wide = "[...document.querySelectorAll('html, .main')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert reader.page.evaluate(wide) == 0
