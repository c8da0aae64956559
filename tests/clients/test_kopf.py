"""A kopf operator from the laptop, on a custom resource of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.kubectl]

OPERATOR = Path(__file__).parent / "operators" / "ships.py"
NAMESPACE = "harbour"
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ships.sea.example.com}
spec:
  group: sea.example.com
  scope: Namespaced
  names: {plural: ships, kind: Ship, shortNames: [sh]}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      additionalPrinterColumns:
        - {name: Crew, type: integer, jsonPath: .spec.crew}
        - {name: Launched, type: string, jsonPath: .status.launch.crew}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [crew]
              properties:
                crew: {type: integer, minimum: 1}
                flag: {type: string}
            status:
              type: object
              x-kubernetes-preserve-unknown-fields: true
"""


@pytest.fixture(scope="module")
def sea(cluster):
    """kubectl in a namespace where ships are known and looked after."""
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("apply", "-f", "-", stdin=CRD)
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace", NAMESPACE, str(OPERATOR)]
    log = cluster.folder / "kopf.log"
    with log.open("wb") as output:
        environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
        operator = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield lambda *words, **options: cluster.kubectl("-n", NAMESPACE, *words, **options)
    finally:
        operator.terminate()
        operator.wait(20)
        cluster.kubectl("delete", "crd", "ships.sea.example.com", "--wait=false")
        cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    assert "Traceback" not in log.read_text(), log.read_text()


def ship(name, crew=1, **annotations):
    manifest = {
        "apiVersion": "sea.example.com/v1",
        "kind": "Ship",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"crew": crew},
    }
    return json.dumps(manifest)


def read(sea, what, name):
    return json.loads(sea("get", what, name, "-o", "json"))


def launched(sea, name):
    until(lambda: read(sea, "ship", name).get("status", {}).get("launch"), f"{name} is launched", 30)


def test_it_works(sea):
    sea("create", "-f", "-", stdin=ship("ark", crew=2))

    launched(sea, "ark")
    assert sea("get", "sh", "ark").split()[-3:] == ["ark", "2", "ark-crew"]
    assert read(sea, "deployment", "ark-crew")["metadata"]["ownerReferences"][0]["kind"] == "Ship"
    until(lambda: read(sea, "deployment", "ark-crew")["status"].get("readyReplicas") == 2, "the crew is aboard")
    until(
        lambda: "launched with a crew of 2" in sea("events", "--for", "ship/ark"), "the operator's words are events", 10
    )


def test_changes_are_followed(sea):
    sea("create", "-f", "-", stdin=ship("beagle"))
    launched(sea, "beagle")

    sea("patch", "ship", "beagle", "--type=merge", "-p", '{"spec":{"crew":3}}')

    until(lambda: read(sea, "deployment", "beagle-crew")["spec"]["replicas"] == 3, "the crew has grown", 30)
    until(lambda: read(sea, "ship", "beagle")["status"].get("changes") == 1, "the change is counted", 30)


def test_what_fails_is_tried_again(sea):
    sea("create", "-f", "-", stdin=ship("pequod", stormy="yes"))

    until(lambda: read(sea, "ship", "pequod").get("status", {}).get("weather") == "calm", "the sea is calm", 30)


def test_the_last_will_is_done_and_the_children_go(sea):
    sea("create", "-f", "-", stdin=ship("titanic"))
    launched(sea, "titanic")
    assert read(sea, "ship", "titanic")["metadata"]["finalizers"]

    sea("delete", "ship", "titanic", "--timeout=30s")

    assert "titanic-wreck" in sea("get", "configmaps", "-o", "name")
    until(lambda: "titanic-crew" not in sea("get", "deployments", "-o", "name"), "the crew is gone", 30)
