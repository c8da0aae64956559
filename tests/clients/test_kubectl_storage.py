"""Claims and volumes as kubectl shows them, on simulated nodes."""

import pytest

from tests.clients.test_kubectl import kubectl
from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.kubectl]
__all__ = ["kubectl"]

SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - {name: db, image: "minikweb/demo:1", volumeMounts: [{name: data, mountPath: /data}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""


def rows(text):
    return [line.split() for line in text.splitlines()]


def test_a_stateful_set_has_its_volumes_and_keeps_them_until_it_goes(kubectl):
    assert rows(kubectl("get sc"))[1][:3] == ["standard", "(default)", "docker.minikweb.io"]
    kubectl("apply -f -", stdin=SET)
    kubectl("rollout status statefulset/db --timeout=60s")
    first, second = rows(kubectl("get pvc --no-headers"))
    assert (first[0], first[1], first[3:5]) == ("data-db-0", "Bound", ["1Gi", "RWO"])
    volume = first[2]
    described = kubectl("describe pvc data-db-0")
    assert "Used By:       db-0" in described
    assert f"Successfully provisioned volume {volume}" in described
    assert f"{kubectl.namespace}/data-db-0" in kubectl(f"describe pv {volume}")
    kubectl("delete pod db-0")
    kubectl("rollout status statefulset/db --timeout=60s")
    assert rows(kubectl("get pvc data-db-0 --no-headers"))[0][2] == volume
    kubectl("scale statefulset db --replicas=1")
    kubectl("wait --for=delete pod/db-1 --timeout=60s")
    assert len(rows(kubectl("get pvc --no-headers"))) == 2
    kubectl("delete statefulset db")
    until(lambda: kubectl("get pvc --no-headers -o name") == "", "the claims go with the set")
    until(lambda: volume not in kubectl("get pv -o name"), "its volumes go with the claims")


def test_a_volume_by_hand_is_bound_and_kept(kubectl):
    name = kubectl.namespace
    kubectl(
        "apply -f -",
        stdin=f"""
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {name}}}
spec:
  {{capacity: {{storage: 1Gi}}, accessModes: [ReadWriteOnce], storageClassName: manual, hostPath: {{path: /mnt/data}}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: mine}}
spec: {{storageClassName: manual, accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 500Mi}}}}}}
""",
    )
    kubectl("wait pvc/mine --for=jsonpath={.status.phase}=Bound --timeout=30s")
    kubectl("delete pvc mine")
    kubectl(f"wait pv/{name} --for=jsonpath={{.status.phase}}=Released --timeout=30s")
    kubectl(f"delete pv {name}")
