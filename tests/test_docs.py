"""The documents tell the truth: each setting and command is named, each link leads somewhere."""

import re
from pathlib import Path

import pytest

BASE = Path(__file__).resolve().parent.parent
PAGES = [*BASE.glob("*.md"), *(BASE / "docs").rglob("*.md")]


def test_each_setting_is_in_the_readme():
    names = re.findall(
        r'environ\.get\("((?:MINIKWEB_|REDIS_|DATABASE_)\w+)"', (BASE / "minikweb/settings.py").read_text()
    )
    readme = (BASE / "README.md").read_text()
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in readme] == []


def test_each_make_target_has_its_sentence():
    makefile = (BASE / "Makefile").read_text()
    targets = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split()
    assert [
        name for name in targets if name != "help" and not re.search(rf"^{name}:.*## \w", makefile, re.MULTILINE)
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE)))
def test_each_link_leads_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []
