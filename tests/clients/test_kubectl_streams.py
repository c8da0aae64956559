"""kubectl 1.37's streams into real containers: port-forward, attach, exec, cp, proxy."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pty
import re
import select
import socket
import struct
import subprocess
import termios
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.running import KUBECTL, until

pytestmark = [pytest.mark.docker, pytest.mark.cluster, pytest.mark.kubectl]

NAMESPACE = "streams"
# Ports: 8080 the demo, 9000 says back what it hears, 9001 the checksum of it, 9002 sends 64 MiB.
PODS = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: streams, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: demo, image: "minikweb/demo:1"}
    - name: tools
      image: "minikweb/demo:1"
      command: [sh, -c]
      args:
        - |
          nc -ll -p 9000 -e cat &
          nc -ll -p 9001 -e sha256sum &
          nc -ll -p 9002 -e sh -c 'dd if=/dev/zero bs=1M count=64 2>/dev/null' &
          wait
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: streams}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: shell, namespace: streams}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: shell, image: "minikweb/demo:1", command: [sh], stdin: true, tty: true}
"""


@pytest.fixture(scope="module")
def streams(docker_cluster):
    """A cluster with two pods in a namespace of their own."""
    docker_cluster.kubectl("create", "namespace", NAMESPACE)
    docker_cluster.kubectl("apply", "-f", "-", stdin=PODS)
    docker_cluster.wait_for_pods(2, NAMESPACE)
    yield docker_cluster
    docker_cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def environment(cluster):
    return {"KUBECONFIG": str(cluster.kubeconfig), "HOME": str(cluster.folder), "PATH": os.environ["PATH"]}


def kubectl(cluster, *arguments, stdin=b"", seconds=60):
    """Its exit code, output and complaints, as bytes."""
    command = [KUBECTL, "-n", NAMESPACE, *arguments]
    done = subprocess.run(command, env=environment(cluster), input=stdin, capture_output=True, timeout=seconds)
    return done.returncode, done.stdout, done.stderr


class Forwarding:
    """A running port-forward; `ports` are the local ones, in order."""

    def __init__(self, cluster, *arguments):
        command = [KUBECTL, "-n", NAMESPACE, "port-forward", *arguments]
        self.log = cluster.folder / f"port-forward-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment(cluster), stdout=log, stderr=subprocess.STDOUT)
        expected = sum(argument[0] in ":0123456789" for argument in arguments)
        until(lambda: len(self._ports()) == expected or self.process.poll() is not None, "the port-forward")
        self.ports = self._ports()

    def _ports(self):
        return [int(port) for port in re.findall(r"Forwarding from 127.0.0.1:(\d+)", self.said())]

    def said(self):
        return self.log.read_text()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def forward(streams):
    with contextlib.ExitStack() as started:

        def start(*arguments):
            forwarding = Forwarding(streams, *arguments)
            started.callback(forwarding.stop)
            return forwarding

        yield start


def get(port, path="/"):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return answer.read().decode()


def dial(port):
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def read_all(connection):
    chunks = []
    while chunk := connection.recv(1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)


# --- port-forward ---


def test_a_port_of_a_pod_is_reached(forward):
    assert get(forward("pod/web", ":8080").ports[0], "/healthz") == "ok\n"


def test_a_port_of_a_service_is_reached_by_its_name_for_it(forward):
    assert get(forward("service/web", ":http").ports[0], "/healthz") == "ok\n"


def test_several_ports_and_many_connections_at_once(forward):
    web, echo = forward("pod/web", ":8080", ":9000").ports

    def say(number):
        if number % 2:
            return get(web, "/healthz") == "ok\n"
        with dial(echo) as connection:
            connection.sendall(b"%d\n" % number)
            return connection.recv(100) == b"%d\n" % number

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(say, range(40)))


def test_our_end_can_close_before_theirs_answers(forward):
    """Half close: sha256sum says nothing before the end of its input."""
    data = os.urandom(8_000_000)
    with dial(forward("pod/web", ":9001").ports[0]) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

        assert read_all(connection).split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_a_big_answer_arrives_whole(forward):
    with dial(forward("pod/web", ":9002").ports[0]) as connection:
        assert len(read_all(connection)) == 64 << 20


def test_a_port_where_nobody_listens_is_said(forward):
    forwarding = forward("pod/web", ":9999")
    with dial(forwarding.ports[0]) as connection, contextlib.suppress(ConnectionResetError):
        assert read_all(connection) == b""

    until(lambda: "connection refused" in forwarding.said(), "the refusal")
    assert "error forwarding port 9999 to pod web" in forwarding.said()
    assert "dial tcp4 127.0.0.1:9999: connect: connection refused" in forwarding.said()


def test_nothing_is_left_in_the_pod_when_port_forward_ends(streams, forward):
    forwarding = forward("pod/web", ":9000")
    with dial(forwarding.ports[0]) as connection:
        connection.sendall(b"hello")
        assert connection.recv(5) == b"hello"
        assert relays(streams) > 0
        forwarding.stop()
        until(lambda: relays(streams) == 0, "the end of what carried the connection")


def relays(cluster):
    """How many processes carry connections in the pod's sandbox, seen from outside."""
    labels = {"namespace": NAMESPACE, "pod": "web", "container": "POD"}
    filters = [part for name, value in labels.items() for part in ("--filter", f"label=minikweb.{name}={value}")]
    wanted = subprocess.run(["docker", "ps", "-q", *filters], capture_output=True, text=True, check=True).stdout.split()
    found = subprocess.run(["docker", "top", *wanted], capture_output=True, text=True, check=True).stdout
    return found.count("/pause connect")


# --- proxy ---


def test_kubectl_proxy_leads_to_the_api_to_pods_and_to_services(streams):
    command = [KUBECTL, "proxy", "--port=0"]
    with subprocess.Popen(command, env=environment(streams), stdout=subprocess.PIPE) as proxy:
        port = int(re.search(rb":(\d+)$", proxy.stdout.readline().strip())[1])
        try:
            assert '"PodList"' in get(port, f"/api/v1/namespaces/{NAMESPACE}/pods")
            assert get(port, f"/api/v1/namespaces/{NAMESPACE}/pods/web:8080/proxy/healthz") == "ok\n"
            assert "web" in get(port, f"/api/v1/namespaces/{NAMESPACE}/services/web:http/proxy/")
        finally:
            proxy.terminate()


# --- top ---


def test_top_shows_what_pods_and_nodes_use(streams):
    def shown(*arguments):
        lines = kubectl(streams, "top", *arguments, "--no-headers")[1].decode().splitlines()
        return {line.split()[0]: line.split()[1:] for line in lines}

    pods = until(lambda: {"web", "shell"} <= set(shown("pods")) and shown("pods"), "the pods' metrics")
    for cpu, memory in pods.values():
        assert re.fullmatch(r"\d+m", cpu)
        assert re.fullmatch(r"\d+Mi", memory)
    assert len(shown("pods", "web", "--containers")) >= 1
    nodes = until(lambda: shown("nodes"), "the nodes' metrics")
    assert all(re.fullmatch(r"\d+%", usage[1]) for usage in nodes.values() if usage[0] != "<unknown>")


# --- exec ---


def test_an_exit_code_comes_through(streams):
    code, output, error = kubectl(
        streams, "exec", "web", "-c", "demo", "--", "sh", "-c", "echo out; echo err >&2; exit 7"
    )

    assert (code, output) == (7, b"out\n")
    assert error == b"err\ncommand terminated with exit code 7\n"


def test_a_command_that_does_not_exist_is_said(streams):
    code, output, error = kubectl(streams, "exec", "web", "-c", "demo", "--", "no-such-command")

    assert code in (126, 127)
    assert b'exec: "no-such-command": executable file not found' in output + error


def test_a_big_output_arrives_whole(streams):
    code, output, _ = kubectl(streams, "exec", "web", "-c", "demo", "--", "dd", "if=/dev/zero", "bs=1M", "count=50")

    assert (code, len(output)) == (0, 50 << 20)


def test_what_is_piped_in_is_read_to_its_end(streams):
    data = os.urandom(20_000_000)
    code, output, _ = kubectl(streams, "exec", "-i", "web", "-c", "demo", "--", "sha256sum", stdin=data)

    assert (code, output.split()[0].decode()) == (0, hashlib.sha256(data).hexdigest())


def test_a_command_that_stops_reading_ends_all_the_same(streams):
    code, output, _ = kubectl(
        streams, "exec", "-i", "web", "-c", "demo", "--", "head", "-c", "5", stdin=b"x" * 5_000_000
    )

    assert (code, output) == (0, b"xxxxx")


def test_the_first_container_is_chosen_and_said(streams):
    code, output, error = kubectl(streams, "exec", "web", "--", "hostname")

    assert (code, output) == (0, b"web\n")
    assert b'Defaulted container "demo" out of: demo, tools' in error


class Terminal:
    """A kubectl in a terminal of its own."""

    def __init__(self, cluster, *arguments, rows=24, columns=80):
        self.said = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(KUBECTL, [str(KUBECTL), "-n", NAMESPACE, *arguments], environment(cluster) | {"TERM": "dumb"})
        self.resize(rows, columns)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.fd, text.encode())

    def until(self, pattern):
        """Reads until the pattern has been said; returns its match, and forgets what came before."""
        deadline = time.monotonic() + 30
        while not (found := re.search(pattern.encode(), self.said)):
            assert time.monotonic() < deadline, self.said
            if select.select([self.fd], [], [], 0.1)[0]:
                self.said += os.read(self.fd, 65536)
        self.said = self.said[found.end() :]
        return found

    def wait(self):
        """Reads to the end; the exit code."""
        with contextlib.suppress(OSError):  # a terminal's end is EIO
            while data := os.read(self.fd, 65536):
                self.said += data
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_a_shell_in_a_terminal_knows_its_size_and_changes_of_it(streams):
    terminal = Terminal(streams, "exec", "-it", "web", "-c", "demo", "--", "sh", rows=33, columns=101)
    terminal.until("# ")

    def size_is(wanted):
        terminal.type("stty size\n")
        return terminal.until(r"(\d+ \d+)\r\n")[1] == wanted

    until(lambda: size_is(b"33 101"), "the size")
    terminal.resize(50, 132)
    until(lambda: size_is(b"50 132"), "the new size")
    terminal.type("sh -c 'echo begun; sleep 100'\n")
    terminal.until("\nbegun\r\n")
    terminal.type("\x03")  # for the command in the pod
    terminal.until("# ")
    terminal.type("exit 3\n")
    assert terminal.wait() == 3


# --- attach ---


def test_attach_follows_the_main_process(streams):
    command = [KUBECTL, "-n", NAMESPACE, "attach", "web", "-c", "demo"]
    with subprocess.Popen(
        command, env=environment(streams), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as attached:
        threading.Timer(60, attached.kill).start()
        first = attached.stdout.readline()  # the demo's heartbeat
        attached.kill()

    assert first.strip()


def test_attach_joins_the_terminal_of_a_shell(streams):
    terminal = Terminal(streams, "attach", "-it", "shell", rows=44, columns=111)
    terminal.type("\n")
    terminal.until("# ")
    terminal.type("echo $((6 * 7)); stty size\n")
    terminal.until(r"\r\n42\r\n")
    terminal.until(r"44 111")
    terminal.type("exit\n")
    terminal.wait()
    until(lambda: restarts(streams) > 0, "the shell's restart")


def restarts(cluster):
    pod = cluster.client.get("Pod", "shell", NAMESPACE)
    return pod["status"]["containerStatuses"][0]["restartCount"]


def test_run_with_a_terminal_is_removed_when_it_ends(streams):
    terminal = Terminal(
        streams, "run", "once", "-it", "--rm", "--restart=Never", "--image=minikweb/demo:1", "--command", "--", "sh"
    )
    terminal.until("try pressing enter")
    terminal.type("\n")
    terminal.until("# ")
    terminal.type("hostname; exit 4\n")
    terminal.until(r"\r\nonce\r\n")
    assert terminal.wait() == 4
    assert b'pod "once" deleted' in terminal.said
    assert b"NotFound" in kubectl(streams, "get", "pod", "once")[2]


def test_what_is_piped_into_run_ends_with_the_pipe(streams):
    code, output, _ = kubectl(
        streams, "run", "sum", "-i", "--rm", "--restart=Never", "--image=minikweb/demo:1", "--quiet", "--command", "--",
        "sh", "-c", "wc -c; sleep 1", stdin=b"x" * 1_000_000,
    )  # fmt: skip

    assert (code, output.split()[0]) == (0, b"1000000")


# --- cp ---


def test_a_folder_is_copied_into_a_pod_and_back(streams, tmp_path):
    source, back = tmp_path / "source", tmp_path / "back"
    (source / "deep").mkdir(parents=True)
    (source / "text.txt").write_text("Grüße\n")
    (source / "deep" / "random.bin").write_bytes(os.urandom(5_000_000))

    code, _, error = kubectl(streams, "cp", str(source), "web:/tmp/copy", "-c", "demo")
    assert code == 0, error
    code, output, _ = kubectl(streams, "exec", "web", "-c", "demo", "--", "cat", "/tmp/copy/text.txt")
    assert output.decode() == "Grüße\n"
    code, _, error = kubectl(streams, "cp", "web:/tmp/copy", str(back), "-c", "demo")
    assert code == 0, error

    for path in ("text.txt", "deep/random.bin"):
        assert (back / path).read_bytes() == (source / path).read_bytes()


def test_of_a_file_that_is_not_there_nothing_is_copied(streams, tmp_path):
    """What tar says of it is not looked for: kubectl may end before it has shown it."""
    kubectl(streams, "cp", "web:/tmp/nothing", str(tmp_path / "x"), "-c", "demo")

    assert not (tmp_path / "x").exists()


def test_debug_joins_a_pod_and_sees_its_target(streams):
    look = "cat /proc/*/cmdline | tr '\\0' '\\n'; echo seen; sleep 3600"
    debug = ["debug", "web", "-n", NAMESPACE, "--image=minikweb/demo:1", "--target=tools", "--container=looker"]
    streams.kubectl(*debug, "--profile=general", "--", "sh", "-c", look)
    logs = ["logs", "web", "-n", NAMESPACE, "-c", "looker"]
    said = until(lambda: (text := streams.kubectl(*logs, check=False)).endswith("seen\n") and text, "its log")
    assert "9001" in said
    assert "looker" in streams.kubectl("describe", "pod", "web", "-n", NAMESPACE)
    reply = streams.kubectl(
        "debug", "web", "-n", NAMESPACE, "-i", "--image=minikweb/demo:1", "--profile=general", "--container=talker",
        "--", "sh", "-c", "read word; echo you said $word; sleep 1", stdin="hello\n",
    )  # fmt: skip
    assert "you said hello" in reply
