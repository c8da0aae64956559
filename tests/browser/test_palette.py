"""Search and commands, by the keyboard alone and as a screen reader hears it."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


@pytest.fixture
def reader(space, open_page):
    reader = open_page(space.url())
    reader.is_live()
    reader.box = reader.page.get_by_role("combobox", name="Search objects, actions, lessons")
    reader.options = reader.page.locator("#palette").get_by_role("option")
    return reader


def test_it_works(space, reader):
    reader.page.keyboard.press("Control+k")
    expect(reader.box).to_be_focused()
    reader.page.keyboard.type(f"deploy/web {space.name}")
    expect(reader.options.first).to_contain_text("Deployment")
    expect(reader.options.first).to_have_attribute("aria-selected", "true")
    expect(reader.box).to_have_attribute("aria-activedescendant", reader.options.first.get_attribute("id"))
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("#panel-title")).to_have_text("web")
    expect(reader.page.locator("#palette")).to_be_hidden()
    assert f"sel=Deployment/{space.name}/web" in reader.page.url


def test_an_action_is_begun_from_anywhere(space, reader):
    reader.page.goto(space.url("/events/"))
    reader.page.keyboard.press("/"), reader.page.keyboard.press("/")
    expect(reader.box).to_be_focused()
    reader.page.keyboard.type(f"scale web {space.name}")
    expect(reader.options.first).to_contain_text("Scale · web")
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("#replicas")).to_be_focused()


def test_arrows_walk_and_escape_gives_the_focus_back(reader):
    search = reader.page.get_by_role("link", name="Search (Ctrl+K)")
    search.focus()
    reader.page.keyboard.press("Enter")
    expect(reader.options.first).to_be_visible()
    reader.page.keyboard.press("ArrowDown")
    expect(reader.options.nth(1)).to_have_attribute("aria-selected", "true")
    reader.page.keyboard.press("ArrowUp"), reader.page.keyboard.press("ArrowUp")
    expect(reader.options.last).to_have_attribute("aria-selected", "true")
    reader.page.keyboard.press("Escape")
    expect(reader.page.locator("#palette")).to_be_hidden()
    expect(search).to_be_focused()


def test_pages_lessons_and_the_open_object_are_offered_accents_or_not(space, open_page):
    reader = open_page(space.url(f"/?ns={space.name}&sel=Deployment/{space.name}/web"), locale="fr-FR")
    reader.page.keyboard.press("Control+k")
    options = reader.page.locator("#palette").get_by_role("option")
    expect(options.filter(has_text="Redémarrer · web")).to_be_visible()
    reader.page.keyboard.type("evenements")
    expect(options.filter(has_text="Événements")).to_be_visible()
    reader.page.locator("#palette-box").fill("premier pod")
    expect(reader.page.locator("#palette-count")).not_to_be_empty()
    reader.page.locator("#palette-box").fill("zzzz")
    expect(reader.page.locator("#palette-count")).to_have_text("Rien trouvé.")
    expect(options).to_have_count(0)


def test_the_letters_of_k9s_do_what_they_do_there(space, reader):
    row = reader.rows("Pod").first
    for letter, tab in (("l", "Logs"), ("d", "Overview"), ("v", "Events"), ("y", "YAML")):
        row.focus()
        reader.page.keyboard.press(letter)
        expect(reader.page.locator(".tabs [aria-current=page]")).to_have_text(tab)
    row.focus()
    reader.page.keyboard.press("r")  # nothing restarts a Pod
    expect(row).to_be_focused()
    reader.rows("Deployment").first.focus()
    reader.page.keyboard.press("r")
    expect(reader.page.locator("form.action pre")).to_contain_text("kubectl rollout restart deployment/web")


def test_names_of_253_characters_leave_the_page_its_width(space, open_page):
    name = ".".join(letter * 61 for letter in "abcd")
    space.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}, namespace=space.name)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for width in (390, 1280):
        reader = open_page(space.url(f"/?ns={space.name}&q=aaaa&sel=ConfigMap/{space.name}/{name}"), width=width)
        for path in ("", "/list/configmaps/", f"/search/?q={name[:20]}"):
            if path:
                reader.page.goto(space.url(path))
            assert reader.page.evaluate(overflow) <= 0, (width, path or "tree")
