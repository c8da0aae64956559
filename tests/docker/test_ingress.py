"""Ingress for real: an unmodified Traefik as a user of our API, asked from this machine as a browser asks it."""

import base64
import re
import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.docker]

NAMESPACE = "ingress"
# A server that takes the one WebSocket key of RFC 6455's example and sends back what it gets.
ECHO = r"""
use IO::Socket::INET; $SIG{CHLD} = 'IGNORE';
my $s = IO::Socket::INET->new(LocalPort => 9000, Listen => 9, ReuseAddr => 1) or die;
while (my $c = $s->accept) { next if fork; my $asked = '';
  while (my $line = <$c>) { $asked .= $line; last if $line =~ /^\r?$/ }
  print $c "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    . "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"; $c->flush;
  while (sysread($c, my $bytes, 999)) { syswrite($c, $bytes) } exit }
"""
UPGRADE = (
    "GET / HTTP/1.1\r\nHost: chat.localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Site:
    """A namespace with the applications `one` and `two`, and what answers on this machine's Ingress ports."""

    def __init__(self, cluster):
        self.cluster, self.client = cluster, cluster.client

    def make(self, api_version, kind, name, **content):
        metadata = {"name": name, "namespace": NAMESPACE}
        return self.client.create({"apiVersion": api_version, "kind": kind, "metadata": metadata, **content})

    def application(self, name):
        env = [{"name": "GREETING", "value": name}, {"name": "ROOT", "value": "/page"}]
        container = {"name": "c", "image": "minikweb/demo:1", "env": env}
        self.deployment(name, container, port=8080)

    def deployment(self, name, container, *, port):
        labels = {"app": name}
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
        }
        self.make("apps/v1", "Deployment", name, spec={"selector": {"matchLabels": labels}, "template": template})
        self.make("v1", "Service", name, spec={"selector": labels, "ports": [{"port": 80, "targetPort": port}]})

    def ingress(self, name, *rules, **spec):
        """rules: (host, path, pathType, service)."""
        paths = {}
        for host, path, kind, service in rules:
            paths.setdefault(host, []).append({"path": path, "pathType": kind, "backend": backend(service)})
        made = [{"host": host, "http": {"paths": routes}} for host, routes in paths.items()]
        return self.make("networking.k8s.io/v1", "Ingress", name, spec={**({"rules": made} if made else {}), **spec})

    def secret(self, name, host):
        """A certificate of its own for a host."""
        key, certificate = self_signed(host)
        data = {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(key).decode()}
        self.make("v1", "Secret", name, type="kubernetes.io/tls", data=data)

    def get(self, host, path="/"):
        """The status and the text that the HTTP port answers for a host."""
        with socket.create_connection(("127.0.0.1", self.cluster.ingress_port), timeout=10) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split()[1]) if head else 0, body

    def answers(self, host, path="/"):
        """The greeting of the application that answers, "" while none does."""
        try:
            status, body = self.get(host, path)
        except OSError:
            return ""
        return body.split()[0] if status == 200 else ""

    def leads_to(self, host, path, greeting):
        """Waits until it does so through every node, each of which learns of a change by itself."""

        def every_time():
            return all(self.answers(host, path) == greeting for _ in range(10))

        until(every_time, f"{greeting} at {host}{path}")


def backend(service):
    return {"service": {"name": service, "port": {"number": 80}}}


def self_signed(host):
    """(key, certificate) as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoded = serialization.Encoding.PEM
    private = key.private_bytes(encoded, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, certificate.public_bytes(encoded)


@pytest.fixture(scope="module")
def site(docker_cluster):
    done = docker_cluster.run("ingress", "install", seconds=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = Site(docker_cluster)
    found.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    found.application("one")
    found.application("two")
    found.ingress(
        "shop",
        ("shop.localhost", "/", "Prefix", "one"),
        ("shop.localhost", "/page/exact", "Exact", "two"),
        ("shop.localhost", "/page/new", "Prefix", "two"),
        ("*.wild.localhost", "/", "Prefix", "two"),
    )
    found.leads_to("shop.localhost", "/", "one")
    found.leads_to("shop.localhost", "/page/new", "two")
    yield found
    found.client.delete("Namespace", NAMESPACE)
    assert docker_cluster.run("ingress", "remove").returncode == 0


def test_it_works(site):
    until(lambda: "127.0.0.1" in site.cluster.kubectl("get", "ingress", "-n", NAMESPACE, "shop"), "an address")
    shown = site.cluster.kubectl("get", "ingress", "-n", NAMESPACE, "shop").splitlines()[1]
    assert re.match(r"shop +traefik +shop\.localhost,\*\.wild\.localhost +127\.0\.0\.1 +80 ", shown)


@pytest.mark.parametrize(
    "host, path, greeting",
    [
        ("shop.localhost", "/page", "one"),
        ("shop.localhost", "/page/exact", "two"),
        ("shop.localhost", "/page/exact/below", "one"),
        ("shop.localhost", "/page/new/7", "two"),
        ("shop.localhost", "/page/newer", "one"),  # a prefix is of whole elements
        ("a.wild.localhost", "/", "two"),
        ("a.b.wild.localhost", "/", ""),  # a wildcard is one label
        ("unknown.localhost", "/", ""),
    ],
)
def test_hosts_and_paths_are_matched_as_kubernetes_says(site, host, path, greeting):
    assert site.answers(host, path) == greeting


def test_each_pod_of_a_service_gets_its_share(site):
    site.cluster.kubectl("scale", "-n", NAMESPACE, "deployment/one", "--replicas=2")

    def pods():
        pages = [site.get("shop.localhost")[1] for _ in range(10)]
        return {re.search(r"pod ([^,]+),", page)[1] for page in pages}

    until(lambda: len(pods()) == 2, "two pods")


def test_what_no_rule_matches_goes_to_the_default_backend_while_there_is_one(site):
    assert site.get("nobody.example")[0] == 404
    site.ingress("rest", defaultBackend=backend("two"))
    site.leads_to("nobody.example", "/", "two")
    assert site.answers("shop.localhost") == "one"
    site.client.delete("Ingress", "rest", NAMESPACE)
    until(lambda: site.get("nobody.example")[0] == 404, "nobody answers")


def test_each_host_is_answered_with_its_own_certificate(site):
    for name in ("pay", "bank"):
        site.secret(name, f"{name}.localhost")
        rule = (f"{name}.localhost", "/", "Prefix", "one")
        site.ingress(name, rule, tls=[{"hosts": [f"{name}.localhost"], "secretName": name}])
    port = site.cluster.ingress_tls_port

    def presented(host):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
                context.wrap_socket(plain, server_hostname=host) as connection,
            ):
                certificate = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True))
                connection.sendall(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                body = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            return None, b""
        return certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value, body

    for host in ("pay.localhost", "bank.localhost"):
        until(lambda host=host: presented(host)[0] == host, f"the certificate of {host}")
        until(lambda host=host: b"one version 1" in presented(host)[1], f"the page of {host}")
    assert "80, 443" in site.cluster.kubectl("get", "ingress", "-n", NAMESPACE, "pay")


def test_websockets_go_through(site):
    echo = {"name": "c", "image": "minikweb/node:1", "command": ["perl", "-e", ECHO]}
    site.deployment("chat", echo, port=9000)
    site.ingress("chat", ("chat.localhost", "/", "Prefix", "chat"))

    def opened():
        connection = socket.create_connection(("127.0.0.1", site.cluster.ingress_port), timeout=10)
        connection.sendall(UPGRADE.encode())
        if b" 101 " in connection.recv(4096):
            return connection
        connection.close()
        return None

    with until(opened, "a WebSocket") as connection:
        for said in (b"hello", b"again"):
            connection.sendall(said)
            assert connection.recv(100) == said


def test_a_killed_controller_is_replaced_and_routes_as_before(site):
    selector = "app.kubernetes.io/name=traefik"
    (before,) = site.cluster.pods("kube-system", selector)
    name = before["metadata"]["name"]
    site.cluster.kubectl("delete", "pod", "-n", "kube-system", name, "--grace-period=0", "--force")
    until(
        lambda: name not in [one["metadata"]["name"] for one in site.cluster.running_pods("kube-system", selector)],
        "another controller",
    )
    site.leads_to("shop.localhost", "/", "one")
    site.leads_to("a.wild.localhost", "/", "two")
