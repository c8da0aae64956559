"""kubeseal, as it comes from its makers, against our operator: on nodes that have no network."""

from __future__ import annotations

import base64
import json
import subprocess

import pytest

from minikweb.sealing import keys, sealedsecret
from tests import tools
from tests.running import until
from tests.sealing.pairs import FIRST

pytestmark = [pytest.mark.kubeseal, pytest.mark.timeout(900)]  # it may have to be built first
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "database", "namespace": "sealed"},
    "stringData": {"user": "anna", "password": "s3crét"},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """run(words, text) → what it printed; with check=False also what it complained about."""
    folder, binary = tmp_path_factory.mktemp("kubeseal"), tools.kubeseal()
    (folder / "cert.pem").write_bytes(FIRST.pem)

    def run(words: str, text="", *, check: bool = True, kubeconfig: str = "") -> str:
        text = text if isinstance(text, str) else json.dumps(text)
        environment = {"HOME": str(folder), "KUBECONFIG": kubeconfig, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [binary, *words.split()],
            cwd=folder,
            env=environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert not check or done.returncode == 0, f"kubeseal {words}: {done.stdout}{done.stderr}"
        return done.stdout if check else done.stdout + done.stderr

    run.folder = folder
    return run


def opened(sealed, **metadata):
    """What our library finds in it."""
    sealed = {**sealed, "metadata": {**sealed["metadata"], "uid": "1", **metadata}}
    secret = sealedsecret.unseal(sealed, [FIRST.private])
    return {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}


# --- Vectors in both directions, without a cluster ---------------------------------------------------------


@pytest.mark.parametrize("scope", ["strict", "namespace-wide", "cluster-wide"])
def test_we_open_what_kubeseal_sealed(run, scope):
    sealed = json.loads(run(f"--cert cert.pem --scope {scope}", SECRET))
    assert opened(sealed) == SECRET["stringData"]
    if scope == "strict":
        with pytest.raises(sealedsecret.CannotUnseal):
            opened(sealed, name="other")


@pytest.mark.parametrize("scope", ["strict", "namespace-wide", "cluster-wide"])
def test_kubeseal_opens_what_we_sealed(run, scope):
    pair = keys.generate(FIRST.since, bits=2048)
    (run.folder / "key.json").write_text(json.dumps(pair))
    pair["metadata"]["name"] = "key"
    sealed = sealedsecret.seal(SECRET, keys.read(pair).private.public_key(), scope)
    secret = json.loads(run("--recovery-unseal --recovery-private-key key.json", sealed))
    assert {name: base64.b64decode(value).decode() for name, value in secret["data"].items()} == SECRET["stringData"]


def test_a_single_value_sealed_by_kubeseal_opens(run):
    raw = run("--raw --cert cert.pem --namespace sealed --name database --from-file=/dev/stdin", "s3cret")
    sealed = {"metadata": SECRET["metadata"], "spec": {"encryptedData": {"password": raw}}}
    assert opened(sealed) == {"password": "s3cret"}


def test_kubeseal_merges_into_what_we_sealed(run):
    file = run.folder / "sealed.json"
    file.write_text(json.dumps(sealedsecret.seal(SECRET, FIRST.private.public_key())))
    new = {**SECRET, "stringData": {"password": "new", "port": "5432"}}
    run("--cert cert.pem --merge-into sealed.json", new)
    assert opened(json.loads(file.read_text())) == {"user": "anna", "password": "new", "port": "5432"}


# --- Against the running product ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kubeseal(run, cluster):
    cluster.kubectl("create", "namespace", "sealed")
    until(lambda: "sealed-secrets-key" in cluster.kubectl("get", "secrets", "-n", "kube-system"), "the first key")

    def against(words: str, text="", **options) -> str:
        return run(words, text, kubeconfig=str(cluster.kubeconfig), **options)

    yield against
    cluster.kubectl("delete", "namespace", "sealed", "--wait=false", check=False)


@pytest.mark.cluster
@pytest.mark.kubectl
def test_it_works(kubeseal, cluster):
    cluster.kubectl("apply", "-f", "-", stdin=kubeseal("-o yaml", SECRET))
    cluster.kubectl("wait", "-n", "sealed", "--for=condition=Synced", "sealedsecret/database", "--timeout=30s")
    password = cluster.kubectl("get", "secret", "-n", "sealed", "database", "-o", "jsonpath={.data.password}")
    assert base64.b64decode(password).decode() == "s3crét"
    shown = cluster.kubectl("get", "sealedsecrets", "-n", "sealed")
    assert shown.split("\n")[0].split() == ["NAME", "STATUS", "SYNCED", "AGE"]
    cluster.kubectl("delete", "sealedsecret", "-n", "sealed", "database")
    until(lambda: "NotFound" in cluster.kubectl("get", "secret", "-n", "sealed", "database", check=False), "its end")


@pytest.mark.cluster
@pytest.mark.kubectl
def test_the_certificate_is_fetched_through_the_api_server(kubeseal, cluster):
    assert keys.public_key(kubeseal("--fetch-cert").encode())


@pytest.mark.cluster
@pytest.mark.kubectl
def test_kubeseal_validates_and_encrypts_anew(kubeseal):
    sealed = kubeseal("-o json", SECRET)
    kubeseal("--validate", sealed)
    renewed = json.loads(kubeseal("--re-encrypt", sealed))
    assert renewed["spec"]["encryptedData"] != json.loads(sealed)["spec"]["encryptedData"]
    kubeseal("--validate", renewed)


@pytest.mark.cluster
@pytest.mark.kubectl
def test_kubeseal_says_that_another_clusters_secret_does_not_open(kubeseal):
    foreign = sealedsecret.seal(SECRET, FIRST.private.public_key())
    assert "unable to decrypt sealed secret: database" in kubeseal("--validate", foreign, check=False)
