"""Backups: what is in them, and that a folder is restored whole or not at all."""

import io
import json
import sqlite3
import tarfile

import pytest

from minikweb.management import archive
from minikweb.management.datafolder import DataFolder, Refusal


@pytest.fixture
def folder(tmp_path):
    """A data folder with a row in each database."""
    folder = DataFolder(tmp_path / "data")
    folder.open()
    folder.ensure_cluster()
    folder.ensure_secret_key()
    (folder.path / "pki").mkdir()
    for name in archive.FILES[2:]:
        (folder.path / name).write_text(name)
    for name in archive.DATABASES:
        with sqlite3.connect(folder.path / name) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE t (v)")
            database.execute("INSERT INTO t VALUES (?)", [name])
    yield folder
    folder.close()


@pytest.fixture
def elsewhere(tmp_path):
    return DataFolder(tmp_path / "new" / "data")


def rows(folder, name):
    with sqlite3.connect(folder.path / name) as database:
        return [value for (value,) in database.execute("SELECT v FROM t")]


def test_it_works(folder, elsewhere, tmp_path):
    size = archive.write(folder, tmp_path / "b.tar.gz")
    assert size == (tmp_path / "b.tar.gz").stat().st_size
    assert archive.read(tmp_path / "b.tar.gz", elsewhere) == folder.cluster()
    assert rows(elsewhere, "cluster.sqlite3") == ["cluster.sqlite3"]
    assert rows(elsewhere, "web.sqlite3") == ["web.sqlite3"]
    assert (elsewhere.path / "pki/ca.key").read_text() == "pki/ca.key"
    assert elsewhere.secret_key_file.read_text() == folder.secret_key_file.read_text()


def test_nobody_else_may_read_it(folder, elsewhere, tmp_path):
    archive.write(folder, tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    archive.read(tmp_path / "b.tar.gz", elsewhere)
    assert elsewhere.path.stat().st_mode & 0o777 == 0o700
    assert (elsewhere.path / "pki/ca.key").stat().st_mode & 0o777 == 0o600


def test_a_writer_goes_on_meanwhile_and_half_a_transaction_is_not_kept(folder, elsewhere, tmp_path):
    writer = sqlite3.connect(folder.path / "cluster.sqlite3", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO t VALUES ('half')")
    archive.write(folder, tmp_path / "b.tar.gz")
    writer.execute("COMMIT")
    writer.close()
    archive.read(tmp_path / "b.tar.gz", elsewhere)
    assert rows(elsewhere, "cluster.sqlite3") == ["cluster.sqlite3"]


def test_a_folder_in_use_is_left_alone(folder, tmp_path):
    archive.write(folder, tmp_path / "b.tar.gz")
    with pytest.raises(Refusal, match="is in use"):
        archive.read(tmp_path / "b.tar.gz", folder)
    assert rows(folder, "web.sqlite3") == ["web.sqlite3"]


def packed(path, **files):
    with tarfile.open(path, "w:gz") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return path


def test_what_is_no_backup_is_refused_and_leaves_nothing(elsewhere, tmp_path):
    (tmp_path / "text").write_text("hello")
    for source in (tmp_path / "missing", tmp_path / "text", packed(tmp_path / "other", readme=b"hello")):
        with pytest.raises(Refusal, match="cannot be restored"):
            archive.read(source, elsewhere)
        assert not elsewhere.path.exists()
        assert not list(tmp_path.glob("new/.*"))


def changed(source, target, name, content):
    """A copy of an archive with another content for one of its files."""
    with tarfile.open(source) as old:
        files = {one: old.extractfile(one).read() for one in (*archive.DATABASES, *archive.FILES)}
    return packed(target, **{**files, name: content})


def test_a_damaged_database_is_refused(folder, elsewhere, tmp_path):
    archive.write(folder, tmp_path / "b.tar.gz")
    with pytest.raises(Refusal, match="not a database"):
        archive.read(changed(tmp_path / "b.tar.gz", tmp_path / "bad", "web.sqlite3", b"x" * 5000), elsewhere)
    assert not elsewhere.path.exists()


def test_a_newer_one_is_refused(folder, elsewhere, tmp_path):
    archive.write(folder, tmp_path / "b.tar.gz")
    newer = json.dumps({**folder.cluster(), "version": 99}).encode()
    with pytest.raises(Refusal, match="a newer Minikweb wrote it"):
        archive.read(changed(tmp_path / "b.tar.gz", tmp_path / "new.tar.gz", "cluster.json", newer), elsewhere)


def test_without_a_cluster_there_is_nothing_to_keep(tmp_path):
    with pytest.raises(Refusal, match="no cluster"):
        archive.write(DataFolder(tmp_path / "data"), tmp_path / "b.tar.gz")
    assert not (tmp_path / "b.tar.gz").exists()
