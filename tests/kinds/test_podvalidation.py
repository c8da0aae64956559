"""What is wrong with a pod, in Kubernetes' words."""

from __future__ import annotations

import pytest

from minikweb.kinds.podspec import default_pod
from minikweb.kinds.podvalidation import validate_pod_spec
from tests.kinds.testdata import messages

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def problems(container=None, **spec):
    """The messages for a pod that is well but for what is given."""
    found = {"containers": [{"name": "web", "image": "demo:1", **(container or {})}], **spec}
    default_pod(found)
    return messages(validate_pod_spec("spec", found))


def test_it_works():
    assert problems() == []


def test_a_pod_needs_a_container():
    assert problems(containers=[]) == ["spec.containers: Required value"]


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"name": ""}, "name: Required value"),
        ({"name": "Web"}, f'name: Invalid value: "Web": {LABEL}'),
        ({"name": "web.1"}, 'name: Invalid value: "web.1": must not contain dots'),
        ({"image": ""}, "image: Required value"),
        ({"image": "demo:1 "}, 'image: Invalid value: "demo:1 ": must not have leading or trailing whitespace'),
        (
            {"imagePullPolicy": "Sometimes"},
            'imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        ),
        ({"ports": [{"name": "http"}]}, "ports[0].containerPort: Required value"),
        (
            {"ports": [{"containerPort": 70000}]},
            "ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            {"ports": [{"containerPort": 80, "protocol": "HTTP"}]},
            'ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
        ),
        (
            {"ports": [{"containerPort": 80, "name": "a-very-long-port-name"}]},
            'ports[0].name: Invalid value: "a-very-long-port-name": must be no more than 15 characters',
        ),
        (
            {"ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 81, "name": "http"}]},
            'ports[1].name: Duplicate value: "http"',
        ),
        ({"env": [{"value": "1"}]}, "env[0].name: Required value"),
        (
            {"env": [{"name": "A=B"}]},
            'env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII '
            "characters other than '='",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {}}]},
            'env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, '
            "`configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        ),
        (
            {"env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
            'env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]},
            "env[0].valueFrom.secretKeyRef.key: Required value",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.foo"}}}]},
            'env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label '
            "not supported: spec.foo",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels"}}}]},
            'env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: '
            '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", '
            '"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
        ),
        ({"envFrom": [{"configMapRef": {}}]}, "envFrom[0].configMapRef.name: Required value"),
        ({"envFrom": [{}]}, 'envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'),
        (
            {"resources": {"limits": {"cpu": "much"}}},
            'resources.requests[cpu]: Invalid value: "much": quantities must match the regular expression '
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            {"resources": {"limits": {"memory": "-1Gi"}}},
            'resources.limits[memory]: Invalid value: "-1Gi": must be greater than or equal to 0',
        ),
        (
            {"resources": {"limits": {"cpus": "1"}}},
            'resources.limits[cpus]: Invalid value: "cpus": must be a standard resource for containers',
        ),
        (
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}},
            'resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
        ),
        (
            {"resources": {"requests": {"example.com/gpu": "1"}}},
            "resources.limits: Required value: Limit must be set for non overcommitable resources",
        ),
        ({"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}, 'volumeMounts[0].name: Not found: "tmp"'),
        ({"livenessProbe": {}}, "livenessProbe: Required value: must specify a handler type"),
        (
            {"livenessProbe": {"exec": {"command": ["true"]}, "successThreshold": 2}},
            "livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ),
        (
            {"readinessProbe": {"httpGet": {"port": 0}}},
            "readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ),
        (
            {"readinessProbe": {"httpGet": {"port": 80}, "exec": {"command": ["true"]}}},
            "readinessProbe.httpGet: Forbidden: may not specify more than 1 handler type",
        ),
        ({"lifecycle": {"preStop": {"exec": {}}}}, "lifecycle.preStop.exec.command: Required value"),
    ],
)
def test_it_names_what_is_wrong_with_a_container(container, expected):
    assert f"spec.containers[0].{expected}" in problems(container)


def test_container_names_are_unique_among_all():
    containers = [{"name": "web", "image": "demo:1"}] * 2
    assert problems(containers=[dict(c) for c in containers]) == ['spec.containers[1].name: Duplicate value: "web"']
    init = problems(initContainers=[{"name": "web", "image": "demo:1"}])
    assert init == ['spec.initContainers[0].name: Duplicate value: "web"']


def test_two_containers_cannot_share_a_port_of_the_host():
    containers = [{"name": n, "image": "demo:1", "ports": [{"containerPort": 80, "hostPort": 80}]} for n in ("a", "b")]
    expected = ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"']
    assert problems(containers=containers) == expected


def test_an_init_container_has_no_probes_unless_it_stays():
    init = {"name": "setup", "image": "demo:1", "readinessProbe": {"exec": {"command": ["true"]}}}
    expected = "may not be set for init containers without restartPolicy=Always"
    assert problems(initContainers=[dict(init)]) == [f"spec.initContainers[0].readinessProbe: Forbidden: {expected}"]
    assert problems(initContainers=[{**init, "restartPolicy": "Always"}]) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"restartPolicy": "Sometimes"},
            'restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        ),
        ({"nodeName": "Node_1"}, "nodeName: Invalid value: "),
        ({"nodeSelector": {"a b": "1"}}, 'nodeSelector: Invalid value: "a b": name part must consist of'),
        (
            {"activeDeadlineSeconds": 0},
            "activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
        (
            {"dnsPolicy": "None"},
            "dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
        ),
        (
            {"tolerations": [{"key": "a", "operator": "Exists", "value": "1"}]},
            "tolerations[0].operator: Invalid value: \"1\": value must be empty when `operator` is 'Exists'",
        ),
        (
            {"tolerations": [{"key": "a", "effect": "Nothing"}]},
            'tolerations[0].effect: Unsupported value: "Nothing": supported values: "NoSchedule", "PreferNoSchedule", '
            '"NoExecute"',
        ),
        ({"volumes": [{"name": "a"}, {"name": "a"}]}, 'volumes[1].name: Duplicate value: "a"'),
        ({"volumes": [{"name": "a", "secret": {}}]}, "volumes[0].secret.secretName: Required value"),
        (
            {"volumes": [{"name": "a", "emptyDir": {}, "secret": {"secretName": "s"}}]},
            "volumes[0].secret: Forbidden: may not specify more than 1 volume type",
        ),
        (
            {"volumes": [{"name": "a", "hostPath": {"path": "/a/../b"}}]},
            "volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
        ),
        (
            {"hostAliases": [{"ip": "x"}]},
            'hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        ),
        (
            {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "X"}]},
            'topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "X": supported values: '
            '"DoNotSchedule", "ScheduleAnyway"',
        ),
        ({"schedulingGates": [{"name": "a/b"}] * 2}, 'schedulingGates[1]: Duplicate value: "a/b"'),
        (
            {"securityContext": {"runAsUser": -5}},
            "securityContext.runAsUser: Invalid value: -5: must be between 0 and 2147483647, inclusive",
        ),
        (
            {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}},
            "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: "
            "must have at least one node selector term",
        ),
    ],
)
def test_it_names_what_is_wrong_with_a_pod(spec, expected):
    found = problems(**spec)
    assert any(message.startswith(f"spec.{expected}") for message in found), found
