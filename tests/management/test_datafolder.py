"""The data folder: its lock, its version, the cluster's identity, and what the user is told."""

import fcntl
import json
import os
import shutil
import stat

import pytest

from minikweb.management import datafolder
from minikweb.management.datafolder import DataFolder, Refusal, free_networks, host_routes


@pytest.fixture
def folder(tmp_path):
    return DataFolder(tmp_path / "data")


def test_it_works(folder):
    folder.open()
    cluster = folder.ensure_cluster()
    assert len(cluster["id"]) == 8
    assert folder.ensure_pod_network(["172.17.0.0/16"], lambda network: True) == "10.244.0.0/16"
    assert folder.cluster() == {**cluster, "podNetwork": "10.244.0.0/16"}


def test_the_identity_is_kept(folder):
    folder.open()
    first = folder.ensure_cluster()
    assert folder.ensure_cluster() == first


def test_the_pods_network_is_kept_even_when_it_looks_taken_by_now(folder):
    folder.open()
    folder.ensure_cluster()
    first = folder.ensure_pod_network([], lambda network: True)
    assert folder.ensure_pod_network([first], lambda network: False) == first


def test_a_network_that_cannot_be_had_after_all_is_passed_over(folder):
    folder.open()
    folder.ensure_cluster()
    assert folder.ensure_pod_network([], lambda network: network != "10.244.0.0/16") == "10.245.0.0/16"


def test_changes_are_added_to_the_identity(folder):
    folder.open()
    identity = folder.ensure_cluster()["id"]
    folder.update_cluster(seeded=True)
    assert folder.cluster()["seeded"] is True
    assert folder.cluster()["id"] == identity


def test_a_second_start_on_the_same_folder_is_refused_and_names_the_first(folder):
    folder.open()
    second = DataFolder(folder.path)
    with pytest.raises(Refusal, match=f"already runs on .*process {os.getpid()}"):
        second.open()


def test_a_folder_that_a_dead_process_left_is_taken_over(folder):
    folder.path.mkdir()
    (folder.path / "lock").write_text("999999")
    folder.open()
    assert folder.owner() == os.getpid()


def test_the_children_of_a_dead_process_are_waited_for(folder):
    folder.path.mkdir()
    (folder.path / "lock").write_text("999999")
    with open(folder.path / "lock") as inherited:
        fcntl.flock(inherited, fcntl.LOCK_EX)
        with pytest.raises(Refusal, match="already runs"):
            folder.open(wait=0.1)


def test_a_folder_of_a_newer_version_is_refused_and_not_touched(folder):
    folder.path.mkdir()
    written = json.dumps({"id": "1", "version": datafolder.DATA_VERSION + 1})
    (folder.path / "cluster.json").write_text(written)
    with pytest.raises(Refusal, match="newer Minikweb"):
        folder.open()
    assert (folder.path / "cluster.json").read_text() == written


def test_a_damaged_cluster_file_is_said(folder):
    folder.path.mkdir()
    (folder.path / "cluster.json").write_text("{")
    with pytest.raises(Refusal, match="cluster.json is damaged"):
        folder.open()


def test_a_full_disk_is_said_before_anything_is_written(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 5 * 2**20))
    with pytest.raises(Refusal, match="5 MB are left"):
        folder.open()
    assert not (folder.path / "lock").exists()


def test_a_folder_with_somebodys_files_is_refused_and_not_touched(folder):
    folder.path.mkdir()
    (folder.path / "thesis.txt").write_text("years of work")
    with pytest.raises(Refusal, match="other files in it"):
        folder.open()
    assert [path.name for path in folder.path.iterdir()] == ["thesis.txt"]


def test_of_a_shared_folder_of_sockets_only_the_sockets_are_removed(tmp_path):
    folder = DataFolder(tmp_path / "data", tmp_path / "run")
    folder.open()
    (tmp_path / "run" / "apiserver.sock").write_text("")
    (tmp_path / "run" / "other.pid").write_text("1")
    folder.remove()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["other.pid"]
    assert not folder.path.exists()


def test_a_file_in_the_place_of_the_folder_is_said(folder):
    folder.path.write_text("")
    with pytest.raises(Refusal, match="cannot be used"):
        folder.open()


def test_a_folder_of_another_user_is_said(folder, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(folder.path))

    monkeypatch.setattr(type(folder.path), "mkdir", refuse)
    with pytest.raises(Refusal, match="may not be written by this user"):
        folder.open()


def test_secrets_are_readable_by_their_user_alone(folder):
    folder.open()
    assert folder.ensure_secret_key() is True
    assert stat.S_IMODE(folder.secret_key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    key = folder.secret_key_file.read_text()
    assert folder.ensure_secret_key() is False
    assert folder.secret_key_file.read_text() == key


@pytest.mark.parametrize(
    ("taken", "network"),
    [
        ([], "10.244.0.0/16"),
        (["10.244.3.0/24"], "10.245.0.0/16"),
        (["10.0.0.0/8"], "172.20.0.0/16"),
        (["0.0.0.0/0", "fe80::/64", "garbage"], "10.244.0.0/16"),
    ],
)
def test_the_pods_get_the_first_network_nobody_has(taken, network):
    assert next(free_networks(taken)) == network


def test_no_network_left_is_said(folder):
    folder.open()
    folder.ensure_cluster()
    with pytest.raises(Refusal, match="docker network prune"):
        folder.ensure_pod_network(["10.0.0.0/8", "172.16.0.0/12"], lambda network: True)


def test_the_routes_of_the_host_are_read_from_the_kernels_table(tmp_path):
    table = tmp_path / "route"
    table.write_text(
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "vpn0\t0000F40A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )
    assert host_routes(table) == ["0.0.0.0/0", "10.244.0.0/16"]
    assert host_routes(tmp_path / "absent") == []
