"""What `up` does with the Nodes it sees and with processes that die, without starting any."""

import pytest

from minikweb.management import up
from minikweb.management.datafolder import DataFolder, Refusal
from minikweb.management.nodes import node_object
from minikweb.management.supervisor import Process, Program
from minikweb.management.up import Up


class Programs:
    """A supervisor that starts nothing: a program runs from `add` until `ends`."""

    def __init__(self):
        self.processes = {}
        self.stop_asked = False

    def add(self, program):
        self.processes[program.name] = Process(program, pid=1)

    def remove(self, name):
        if name in self.processes:
            self.processes[name].wanted = False

    def kill(self, name):
        self.processes.pop(name, None)

    def ends(self, name):
        del self.processes[name]

    def step(self, timeout):
        pass


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    monkeypatch.setattr(up, "install_node_credentials", lambda folder, name: None)
    folder = DataFolder(tmp_path)
    folder.open()
    folder.ensure_cluster()
    made = Up(folder, "docker", begun=0)
    made.supervisor = Programs()
    monkeypatch.setattr(made, "_watch", type("Silent", (), {"poll": lambda self: None})())
    return made


def nodes(*names):
    return [node_object(name, "10.244.1.0/24", "docker") for name in names]


def running(cluster):
    return sorted(name for name, process in cluster.supervisor.processes.items() if process.wanted)


def test_it_works(cluster):
    cluster._follow(nodes("node-1", "node-2"))
    assert running(cluster) == ["kubelet-node-1", "kubelet-node-2"]
    assert cluster.supervisor.processes["kubelet-node-2"].program.command == ("kubelet", "--node", "node-2")


def test_a_node_that_is_gone_loses_its_process_and_the_others_keep_theirs(cluster):
    cluster._follow(nodes("node-1", "node-2"))
    kept = cluster.supervisor.processes["kubelet-node-2"]
    cluster._follow(nodes("node-2"))
    assert running(cluster) == ["kubelet-node-2"]
    assert cluster.supervisor.processes["kubelet-node-2"] is kept


def test_a_node_that_comes_back_before_its_process_has_ended_runs_again(cluster):
    cluster._follow(nodes("node-1"))
    cluster._follow([])
    cluster._follow(nodes("node-1"))
    assert running(cluster) == ["kubelet-node-1"]


def test_a_node_that_is_switched_off_ends_at_once_and_runs_again_when_switched_on(cluster):
    found = nodes("node-1", "node-2")
    cluster._follow(found)
    found[0]["metadata"]["annotations"] = {"minikweb.io/power": "off"}
    for _ in range(2):
        cluster._follow(found)
        assert running(cluster) == ["kubelet-node-2", "switch-off-node-1"]
        assert cluster.supervisor.processes["switch-off-node-1"].program.command == ("node", "kill", "node-1")
    cluster.supervisor.ends("switch-off-node-1")
    cluster._follow(found)
    assert running(cluster) == ["kubelet-node-2"]
    found[0]["metadata"]["annotations"] = {}
    cluster._follow(found)
    assert running(cluster) == ["kubelet-node-1", "kubelet-node-2"]


def test_a_node_named_like_a_process_is_no_danger(cluster):
    cluster.supervisor.add(Program("web", ("web",)))
    cluster._follow(nodes("web"))
    cluster._follow([])
    assert running(cluster) == ["web"]


def test_the_containers_of_gone_nodes_are_removed_once_their_kubelets_have_ended(cluster):
    cluster._follow(nodes("node-1"))
    cluster._step()
    assert "prune" in running(cluster)  # what an earlier run may have left
    cluster.supervisor.ends("prune")
    cluster._follow([])
    cluster._step()
    assert "prune" not in running(cluster)
    cluster.supervisor.ends("kubelet-node-1")
    cluster._step()
    assert "prune" in running(cluster)
    cluster.supervisor.ends("prune")
    cluster._step()
    assert "prune" not in running(cluster)


def test_simulated_pods_leave_no_containers(cluster):
    cluster.runtime = "simulated"
    cluster._step()
    assert running(cluster) == []


def test_a_process_that_dies_again_and_again_ends_the_start_with_the_place_of_its_log(cluster):
    cluster.supervisor.add(Program("web", ("web",)))
    cluster._check_deaths()
    cluster.supervisor.processes["web"].failures = up.TRIES + 1
    with pytest.raises(Refusal, match="web does not start: see .*web.log"):
        cluster._check_deaths()


@pytest.mark.parametrize(
    "options, recorded, action",
    [
        ({}, {}, "install"),
        ({"ingress": False}, {}, None),
        ({"ingress": False}, {"ingress": True}, "remove"),
        ({"runtime": "simulated"}, {}, None),
        ({"runtime": "simulated"}, {"ingress": True}, "remove"),
    ],
)
def test_the_ingress_controller_is_installed_where_it_routes_and_else_removed(cluster, options, recorded, action):
    cluster.folder.update_cluster(**recorded)
    made = Up(cluster.folder, options.get("runtime", "docker"), begun=0, ingress=options.get("ingress", True))
    made.supervisor = Programs()
    made._follow_ingress()
    programs = [process.program for process in made.supervisor.processes.values()]
    assert [(one.command, one.once) for one in programs] == ([(("ingress", action), True)] if action else [])
