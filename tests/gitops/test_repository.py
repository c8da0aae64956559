"""Real repositories, read through git."""

import time

import pytest

from minikweb.gitops import repository
from minikweb.gitops.repository import Credentials, GitError, Repositories, newest
from tests.gitops.git import Repository


@pytest.fixture
def origin(tmp_path):
    return Repository(tmp_path / "origin.git")


@pytest.fixture
def repositories(tmp_path):
    return Repositories(tmp_path / "cache", protocols=("file",))


def test_it_works(origin, repositories):
    sha = origin.commit({"app/web.yaml": "kind: Deployment\n", "README.md": "hello"}, "Begin\n\nAt last.")
    assert repositories.resolve(origin.url) == sha
    assert repositories.files(origin.url, sha) == {"app/web.yaml": b"kind: Deployment\n", "README.md": b"hello"}
    commit = repositories.commit(origin.url, sha)
    assert (commit.author, commit.message) == ("Ada", "Begin\n\nAt last.")
    assert commit.date.startswith("2026-11-23T12:00:00")


def test_a_revision_is_a_branch_a_tag_or_a_commit(origin, repositories):
    first = origin.commit({"a": "1"})
    second = origin.commit({"a": "2"}, branch="qualif")
    origin.tag("v1.0.0", first)
    assert repositories.resolve(origin.url, "main") == first
    assert repositories.resolve(origin.url, "qualif") == second
    assert repositories.resolve(origin.url, "v1.0.0") == first
    assert repositories.resolve(origin.url, second) == second


def test_older_commits_can_still_be_read(origin, repositories):
    first = origin.commit({"a": "1"})
    second = origin.commit({"a": "2"})
    assert repositories.files(origin.url, second) == {"a": b"2"}
    assert repositories.files(origin.url, first) == {"a": b"1"}


def test_a_push_is_seen_by_who_asks_for_no_older_answer(origin, repositories):
    first = origin.commit({"a": "1"})
    assert repositories.resolve(origin.url) == first
    second = origin.commit({"a": "2"})
    assert repositories.resolve(origin.url) == first, "for a moment the answer is believed"
    assert repositories.resolve(origin.url, since=time.monotonic()) == second


def test_what_cannot_be_had_is_a_sentence(origin, repositories, tmp_path):
    with pytest.raises(GitError, match="is empty"):
        repositories.resolve(origin.url)
    origin.commit({"a": "1"})
    with pytest.raises(GitError, match="unable to resolve 'nowhere' to a commit SHA"):
        repositories.resolve(origin.url, "nowhere")
    with pytest.raises(GitError, match="missing.git"):
        repositories.resolve(f"file://{tmp_path}/missing.git")
    with pytest.raises(GitError):
        repositories.files(origin.url, "0" * 40)


def test_files_of_this_machine_are_not_read_unless_it_is_allowed(origin, tmp_path):
    origin.commit({"a": "1"})
    careful = Repositories(tmp_path / "careful")
    for url in (origin.url, str(origin.folder), "ext::sh -c id"):
        with pytest.raises(GitError, match="not allowed"):
            careful.resolve(url)


def test_a_repository_that_is_too_large_is_refused(origin, repositories, monkeypatch):
    import random

    noise = "".join(random.Random(1).choices("abcdefghijklmnop", k=400_000))
    sha = origin.commit({"large": noise})
    monkeypatch.setattr(repository, "MOST_BYTES", 100_000)
    with pytest.raises(GitError, match="is larger than"):
        repositories.files(origin.url, sha)


def test_credentials_are_in_no_message_and_no_argument(repositories):
    secret = Credentials("ada", "s3cret")
    assert "s3cret" not in repr(secret)
    url = "https://ada:s3cret@127.0.0.1:1/x.git"
    with pytest.raises(GitError) as refused:
        Repositories(repositories._folder).resolve(url, "main", secret)
    assert "s3cret" not in str(refused.value)
    environment = repositories._environment(secret, "https://example.org/x.git")
    assert environment["GIT_CONFIG_KEY_0"] == "http.https://example.org/x.git.extraHeader"


@pytest.mark.parametrize(
    ("constraint", "fits"),
    [
        ("*", "v2.0.0"),
        ("1.*", "v1.10.0"),
        ("1.2.*", "v1.2.9"),
        ("1.2.x", "v1.2.9"),
        ("^1.2.0", "v1.10.0"),
        ("~1.2.0", "v1.2.9"),
        (">=1.2", "v2.0.0"),
        ("3.*", ""),
        ("1.2.9", ""),
        ("latest", ""),
    ],
)
def test_a_constraint_takes_the_highest_version(constraint, fits):
    assert newest(constraint, ["v1.2.9", "v1.10.0", "v1.2.0", "v2.0.0", "nightly"]) == fits
