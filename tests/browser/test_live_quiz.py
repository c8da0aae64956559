"""A live quiz in four browsers: the projector, the controller, two phones; one loses the network, one is reloaded."""

import re

import pytest
from django.conf import settings
from playwright.sync_api import expect

from minikweb.quiz import bank
from tests.browser.reader import Reader
from tests.browser.test_accessibility import violations

pytestmark = [pytest.mark.browser, pytest.mark.cluster]
PHONE = {"width": 390, "height": 800, "locale": "fr-FR", "has_touch": True}


def opened(open_page, cluster) -> Reader:
    """A teacher on the controller of a session of two questions with several right answers."""
    teacher = open_page(cluster.url("/quiz/live/"), locale="fr-FR")
    page = teacher.page
    page.get_by_label("Titre").fill("Vendredi")
    page.get_by_label("Questions", exact=True).select_option(label="toutes celles cochées")
    for chapter, question in (("replicaset", "replicaset-relabel"), ("service", "service-selection")):
        page.locator(f".pick-chapter:has([value='{chapter}']) summary").click(position={"x": 4, "y": 4})
        page.locator(f"[name=question][value='{question}']").check()
    page.get_by_label("Tout ou rien").check()
    page.get_by_label("Un podium à la fin").check()
    page.get_by_role("button", name="Ouvrir la session").click()
    expect(page.get_by_role("heading", name="La classe arrive")).to_be_visible()
    return teacher


def joined(open_page, cluster, code: str, name: str) -> Reader:
    phone = open_page(cluster.url("/quiz/join/"), **PHONE)
    phone.page.get_by_label("Le code affiché au projecteur").fill(code.lower())
    phone.page.get_by_role("button", name="Continuer").click()
    phone.page.get_by_label("Votre pseudonyme").fill(name)
    phone.page.get_by_label("Votre nom").fill(f"{name} Secret")
    phone.page.get_by_role("button", name="Rejoindre").click()
    expect(phone.page.get_by_role("heading", name="Vous y êtes.")).to_be_visible()
    expect(phone.page.locator("#quiz-live")).to_have_attribute("data-state", "live")
    return phone


def ticked(phone: Reader, *letters: str) -> None:
    for letter in letters:
        phone.page.locator(".choice", has=phone.page.locator(f".letter:text-is('{letter}')")).click()


def press(teacher: Reader) -> None:
    teacher.page.locator("#go").click()


def test_a_live_quiz_from_the_lobby_to_the_podium(cluster, open_page):
    teacher = opened(open_page, cluster)
    with teacher.context.expect_page() as shown:
        teacher.page.get_by_role("link", name="Page du projecteur").click()
    projector = shown.value
    code = projector.locator(".join-code").inner_text()
    ada, bob = (joined(open_page, cluster, code, name) for name in ("Ada", "Bob"))
    expect(projector.locator(".names li")).to_have_text(["Ada", "Bob"])
    expect(teacher.page.locator(".who-list li")).to_have_count(2)
    expect(projector.get_by_text("Secret")).to_have_count(0)

    press(teacher)
    right = _right_letters(ada)
    ticked(ada, *right)
    ada.page.reload()  # before the answer is sent: what is ticked stays ticked
    expect(ada.page.locator(".choice input:checked")).to_have_count(len(right))
    ada.page.get_by_role("button", name="Répondre").click()
    expect(ada.page.get_by_text("Votre réponse est gardée")).to_be_visible()
    expect(projector.locator(".answer-count")).to_contain_text("1/2")

    # Bob's network is cut while he answers: what he ticked waits, and goes by itself when it is back.
    bob.context.set_offline(True)
    ticked(bob, "A")
    bob.page.get_by_role("button", name="Répondre").click()
    expect(bob.page.locator("#quiz-live")).to_have_attribute("data-state", "connecting")
    expect(bob.page.locator(".choice input:checked")).to_have_count(1)
    bob.context.set_offline(False)
    expect(bob.page.get_by_text("Votre réponse est gardée")).to_be_visible()
    expect(projector.locator(".answer-count")).to_contain_text("2/2")
    bob.errors.clear()  # of the cut

    # Ada's phone reloads: the same question, with her answer.
    ada.page.reload()
    expect(ada.page.locator(".choice input:checked")).to_have_count(len(right))

    expect(projector.locator(".bar, .because")).to_have_count(0)
    press(teacher)
    expect(projector.locator(".bar")).to_have_count(4)
    expect(projector.locator(".because")).to_have_count(0)
    expect(ada.page.locator(".choice input").first).to_be_disabled()
    press(teacher)
    expect(projector.locator(".because")).to_have_count(4)
    expect(ada.page.locator(".notice.good")).to_contain_text("Tout juste.")
    expect(bob.page.locator(".notice strong")).not_to_have_text("Tout juste.")

    press(teacher)
    expect(bob.page.get_by_text("Question 2 sur 2")).to_be_visible()
    late = joined_late(open_page, cluster, code)
    expect(late.page.get_by_text("Question 2 sur 2")).to_be_visible()
    press(teacher)
    press(teacher)
    press(teacher)
    expect(projector.locator(".podium li")).to_contain_text(["Ada"])
    expect(ada.page.locator(".mark")).to_have_text("1 / 2")
    with teacher.page.expect_download() as file:
        teacher.page.get_by_role("link", name="Résultats").click()
        teacher.page.get_by_role("link", name="CSV").click()
    assert "Ada;Ada Secret;1;2;1;1" in file.value.path().read_text("utf-8-sig")


def joined_late(open_page, cluster, code: str) -> Reader:
    phone = open_page(cluster.url(f"/quiz/join/{code.replace(' ', '')}/"), **PHONE)
    phone.page.get_by_label("Votre pseudonyme").fill("Zoé")
    phone.page.get_by_role("button", name="Rejoindre").click()
    return phone


def _right_letters(phone: Reader) -> list[str]:
    """The letters of the right options of the question on a phone, as its file says."""
    expect(phone.page.locator(".choice")).to_have_count(4)
    shown = {box.get_attribute("value"): box for box in phone.page.locator(".choice input").all()}
    stem = re.sub(r"\W", "", phone.page.locator("#stem").inner_text())
    questions = bank.load_all(tuple(settings.LESSONS_DIRS)).values()
    question = next(one for one in questions if re.sub(r"\W", "", one.stem["fr"]) == stem)
    rows = phone.page.locator(".choice").all()
    by_id = dict(zip(shown, rows, strict=True))
    return [by_id[id].locator(".letter").inner_text() for id in sorted(question.right)]


def test_no_page_of_a_live_quiz_is_wider_than_the_screen(cluster, open_page):
    teacher = opened(open_page, cluster)
    base = teacher.page.url
    wide = "[...document.querySelectorAll('html, .main')].filter(e => e.scrollWidth > e.clientWidth).length"
    for path in ("", "screen/", "results/", "../"):
        teacher.page.goto(base + path)
        for width in (1280, 390):
            teacher.page.set_viewport_size({"width": width, "height": 800})
            assert teacher.page.evaluate(wide) == 0, (path, width)


def test_axe_finds_nothing_on_a_live_quiz_at_any_stage(cluster, open_page):
    teacher = opened(open_page, cluster)
    base = teacher.page.url
    eye = open_page(base, bypass_csp=True, reduced_motion="reduce", width=390)
    code = teacher.page.locator(".badge .mono").inner_text().replace(" ", "")
    found = look(eye, cluster.url("/quiz/join/"), cluster.url(f"/quiz/join/{code}/"), base + "screen/")
    eye.page.goto(cluster.url(f"/quiz/join/{code}/"))
    eye.page.locator("#pseudonym").fill("Ada")
    eye.page.locator("#pseudonym").press("Enter")
    play = cluster.url(f"/quiz/play/{code}/")
    for number, stage in enumerate(("question", "votes", "solution", "question", "votes", "solution", "over")):
        press(teacher)
        expect(teacher.page.locator("#stage")).to_have_attribute("data-stage", stage)
        if number not in (3, 4, 5):  # the second question looks like the first
            found += look(eye, play, base, base + "screen/")
    found += look(eye, base + "results/", play + "attestation/", cluster.url("/quiz/live/"))
    assert found == [], "\n" + "\n".join(found)


def look(eye: Reader, *addresses: str) -> list[str]:
    """What axe finds there."""
    found = []
    for address in addresses:
        eye.page.goto(address)
        found += [f"{address}\n  {violation}" for violation in violations(eye.page)]
    return found
