"""The git server in the box, without HTTP: git's own program answers."""

import subprocess

import pytest

from minikweb.gitops import server
from minikweb.gitops.repository import Repositories
from minikweb.gitops.server import NoSuchRepository, Request, ensure, names, serve

URL = "http://127.0.0.1:8000/git"


@pytest.fixture
def examples(tmp_path):
    for branch, colour in (("master", "blue"), ("dev", "green")):
        folder = tmp_path / "examples" / "shop" / branch / "web"
        folder.mkdir(parents=True)
        (folder / "a.yaml").write_text(f"colour: {colour}\nurl: {{{{git}}}}/shop.git\n")
    return tmp_path / "examples"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "git"


def git(*words, cwd):
    return subprocess.run(["git", *words], cwd=cwd, capture_output=True, text=True)


def test_it_works(folder, examples, tmp_path):
    path = ensure(folder, examples, "shop", URL)
    repositories = Repositories(tmp_path / "cache", protocols=("file",))
    for branch, colour in (("HEAD", "blue"), ("master", "blue"), ("dev", "green")):
        sha = repositories.resolve(f"file://{path}", branch)
        text = f"colour: {colour}\nurl: {URL}/shop.git\n"
        assert repositories.files(f"file://{path}", sha) == {"web/a.yaml": text.encode()}


def test_it_is_made_once_and_then_kept(folder, examples):
    path = ensure(folder, examples, "shop", URL)
    (path / "mark").write_text("")
    assert ensure(folder, examples, "shop", URL) == path
    assert (path / "mark").exists()
    assert names(folder, examples) == ["shop"]
    assert [one.name for one in folder.iterdir()] == ["shop.git"]


@pytest.mark.parametrize("name", ["other", "../shop", "Shop", "", ".new-x"])
def test_there_are_no_others(folder, examples, name):
    with pytest.raises(NoSuchRepository):
        ensure(folder, examples, name, URL)


def test_branches_begin_where_the_long_lived_one_is(folder, examples, tmp_path):
    path = ensure(folder, examples, "shop", URL)
    log = git("log", "--format=%s", "dev", cwd=path).stdout.split("\n")
    assert log[:2] == ["Begin dev", "Begin master"]


def test_git_s_program_answers(folder, examples):
    path = ensure(folder, examples, "shop", URL)
    answer = serve(path, Request("GET", "/info/refs", "service=git-upload-pack"))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-git-upload-pack-advertisement"
    assert b"refs/heads/dev" in answer.body
    assert serve(path, Request("GET", "/../../etc/passwd")).status in (404, 403, 500)
    assert serve(path, Request("GET", "/config")).status == 404


def test_a_push_is_told_from_its_address(folder, examples):
    path = ensure(folder, examples, "shop", URL)
    assert serve(path, Request("GET", "/info/refs", "service=git-receive-pack"), "ada").status == 200
    assert server.is_push("info/refs", "service=git-receive-pack")
    assert server.is_push("git-receive-pack", "")
    assert not server.is_push("info/refs", "service=git-upload-pack")


def test_history_is_not_rewritten_and_protected_branches_do_not_move(folder, examples, tmp_path):
    (examples / "shop" / ".protected").write_text("master\n")
    path = ensure(folder, examples, "shop", URL)
    clone = tmp_path / "clone"
    git("clone", "--quiet", str(path), str(clone), cwd=tmp_path)
    for setting in ("user.name=Ada", "user.email=ada@example.org"):
        git("config", *setting.split("="), cwd=clone)
    git("checkout", "--quiet", "dev", cwd=clone)
    git("commit", "--quiet", "--allow-empty", "-m", "more", cwd=clone)
    assert git("push", "origin", "dev", cwd=clone).returncode == 0
    refused = git("push", "origin", "dev:master", cwd=clone)
    assert "master is protected" in refused.stderr
    git("reset", "--quiet", "--hard", "HEAD~2", cwd=clone)
    assert "denying non-fast-forward" in git("push", "--force", "origin", "dev", cwd=clone).stderr


def test_what_comes_with_minikweb_can_be_served(folder):
    from minikweb import settings

    for name in names(folder, settings.GIT_EXAMPLES):
        assert ensure(folder, settings.GIT_EXAMPLES, name, URL).is_dir()
    assert server.names(folder, settings.GIT_EXAMPLES)
