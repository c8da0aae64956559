import datetime
import os
import stat

import pytest
import yaml
from cryptography import x509

from minikweb.apiserver import certificates, credentials


@pytest.fixture
def installed(tmp_path):
    credentials.install_credentials(tmp_path, bind="192.0.2.7", port=6443, nodes=("node-1",))
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_works(installed):
    config = yaml.safe_load((installed / "kubeconfig").read_text())

    assert config["current-context"] == "minikweb"
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    claims = credentials.issuer_of(installed).read(config["users"][0]["user"]["token"])
    assert (claims["sub"], claims["groups"]) == ("system:admin", ["system:masters"])


@pytest.mark.parametrize(
    "component, user, groups",
    [
        ("controllers", "system:kube-controller-manager", []),
        ("scheduler", "system:kube-scheduler", []),
        ("web", "minikweb:web", []),
        ("node-1", "system:node:node-1", ["system:nodes"]),
    ],
)
def test_each_component_has_a_token_of_its_own(installed, component, user, groups):
    claims = credentials.issuer_of(installed).read((installed / "tokens" / component).read_text())

    assert (claims["sub"], claims["groups"]) == (user, groups)


def test_a_second_start_changes_nothing(installed):
    before = contents(installed)

    credentials.install_credentials(installed, bind="192.0.2.7", port=6443, nodes=("node-1",))

    assert contents(installed) == before


def test_secrets_are_for_their_owner_alone(installed):
    secret = [installed / "kubeconfig", *(installed / "tokens").iterdir(), *(installed / "pki").glob("*.key")]

    assert {stat.S_IMODE(os.stat(path).st_mode) for path in secret} == {0o600}


def test_the_certificate_holds_every_name_by_which_we_are_called(installed):
    certificate = certificates.load_certificate(installed / "pki" / "apiserver.crt")
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert {"127.0.0.1", "10.96.0.1", "192.0.2.7"} <= addresses
    assert {"localhost", "kubernetes.default.svc.cluster.local"} <= set(names.get_values_for_type(x509.DNSName))
    certificate.verify_directly_issued_by(certificates.load_certificate(installed / "pki" / "ca.crt"))


def test_a_new_name_makes_a_new_certificate_of_the_same_authority(installed):
    before = contents(installed)

    certificates.install(installed / "pki", ["10.1.2.3"])

    changed = {path.name for path, content in contents(installed).items() if content != before[path]}
    assert changed == {"apiserver.crt", "apiserver.key"}


def test_a_certificate_about_to_end_is_made_anew(installed, monkeypatch):
    soon = certificates.datetime.now(certificates.UTC) + datetime.timedelta(days=340)

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return soon

    before = (installed / "pki" / "apiserver.crt").read_bytes()
    monkeypatch.setattr(certificates, "datetime", Later)

    certificates.install(installed / "pki", ["192.0.2.7"])

    assert (installed / "pki" / "apiserver.crt").read_bytes() != before
