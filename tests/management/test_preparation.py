"""What is checked before anything is started, and the sentence for each failure."""

import socket

import pytest

from minikweb.management import preparation
from minikweb.management.datafolder import DataFolder, Refusal
from minikweb.management.preparation import check_ports, choose_runtime, ingress_remarks
from minikweb.runtime.protocol import RuntimeUnavailable


def answering():
    return "27.1.0"


def away():
    raise RuntimeUnavailable("Docker does not answer.")


def forbidden():
    raise RuntimeUnavailable("This user may not speak to Docker.") from PermissionError(13, "Permission denied")


def test_it_works():
    choice = choose_runtime("auto", answering)
    assert (choice.runtime, choice.remark) == ("docker", "Pods run in Docker 27.1.0.")


def test_without_docker_pods_are_simulated_and_the_user_is_told():
    choice = choose_runtime("auto", away)
    assert choice.runtime == "simulated"
    assert "Docker does not answer" in choice.remark


def test_simulated_does_not_ask_docker():
    assert choose_runtime("simulated", forbidden).runtime == "simulated"


def test_docker_that_is_insisted_on_has_to_answer():
    with pytest.raises(Refusal, match="does not answer"):
        choose_runtime("docker", away)


@pytest.mark.parametrize("wanted", ["auto", "docker"])
def test_docker_that_this_user_may_not_use_is_said_and_not_passed_over(wanted):
    with pytest.raises(Refusal, match="may not speak to Docker"):
        choose_runtime(wanted, forbidden)


def test_an_unknown_runtime_is_named():
    with pytest.raises(Refusal, match="'podman'"):
        choose_runtime("podman", answering)


def test_a_port_in_use_is_said_with_the_variable_that_changes_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refusal, match=f"Port {port} .*MINIKWEB_API_PORT"):
            check_ports("127.0.0.1", {"MINIKWEB_API_PORT": port})


def test_free_ports_are_free_again_afterwards():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    check_ports("127.0.0.1", {"MINIKWEB_API_PORT": port})
    check_ports("127.0.0.1", {"MINIKWEB_API_PORT": port})


def test_an_address_that_is_not_ours_is_said():
    with pytest.raises(Refusal, match="192.0.2.1"):
        check_ports("192.0.2.1", {"MINIKWEB_HTTP_PORT": 8000})


def test_a_taken_port_of_the_ingress_controller_is_one_sentence_and_no_refusal():
    with socket.socket() as taken, socket.socket() as free:
        for one in (taken, free):
            one.bind(("127.0.0.1", 0))
        taken.listen()
        port, other = taken.getsockname()[1], free.getsockname()[1]
        free.close()
        ports = {"MINIKWEB_INGRESS_HTTP_PORT": port, "MINIKWEB_INGRESS_HTTPS_PORT": other}
        assert ingress_remarks(ports, (), ()) == {
            port: f"Port {port} is taken: no Ingress will answer at localhost:{port}; all else works. "
            "Choose another with MINIKWEB_INGRESS_HTTP_PORT=…"
        }
        assert ingress_remarks(ports, (), [f"{port}/tcp"]) == {}  # by our own containers, of an earlier run
        assert list(ingress_remarks(ports, (other,), [f"{port}/tcp"])) == [other]  # by our own dashboard


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(preparation, "host_routes", lambda: ["10.244.0.0/16"])
    made = DataFolder(tmp_path)
    made.open()
    made.ensure_cluster()
    return made


def test_the_network_is_the_first_that_docker_can_make(folder, monkeypatch):
    monkeypatch.setattr(preparation.installation, "claim_network", lambda cluster, network: network != "10.245.0.0/16")
    assert preparation.prepare_network(folder, "docker") == "10.246.0.0/16"
    assert folder.cluster()["podNetwork"] == "10.246.0.0/16"


def test_a_recorded_network_that_somebody_took_is_said(folder, monkeypatch):
    folder.update_cluster(podNetwork="10.250.0.0/16")
    monkeypatch.setattr(preparation.installation, "claim_network", lambda cluster, network: False)
    with pytest.raises(Refusal, match="10.250.0.0/16 is taken"):
        preparation.prepare_network(folder, "docker")


def test_simulated_pods_need_no_network_of_docker(folder, monkeypatch):
    monkeypatch.delattr(preparation.installation, "claim_network")
    assert preparation.prepare_network(folder, "simulated") == "10.245.0.0/16"
