"""The Pod Security Standards, rule by rule."""

import pytest

from minikweb.kinds.podsecurity import Level, Policy, policy_of, validate_labels, violations

GOOD = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def said(level, context=None, version="latest", annotations=None, container=None, **spec):
    one = {"name": "web", "image": "demo:1", **({"securityContext": context} if context else {}), **(container or {})}
    found = violations(Level(level, version), {"annotations": annotations or {}}, {"containers": [one], **spec})
    return ", ".join(map(str, found))


def test_privileged_forbids_nothing():
    assert said("privileged", {"privileged": True}, hostNetwork=True) == ""


def test_a_plain_pod_is_baseline_and_not_restricted():
    assert said("baseline") == ""
    assert said("restricted") == (
        'allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false), '
        'unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true), '
        'seccompProfile (pod or container "web" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
        '"Localhost")'
    )


def test_a_pod_that_promises_everything_is_restricted():
    assert said("restricted", GOOD) == ""


def test_promises_of_the_pod_hold_for_its_containers():
    context = {key: GOOD[key] for key in ("allowPrivilegeEscalation", "capabilities")}
    pod = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert said("restricted", context, securityContext=pod) == ""


BASELINE = [
    ({"context": {"privileged": True}}, 'privileged (container "web" must not set securityContext.privileged=true)'),
    ({"hostNetwork": True, "hostPID": True}, "host namespaces (hostNetwork=true, hostPID=true)"),
    ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "v")'),
    ({"container": {"ports": [{"containerPort": 80, "hostPort": 80}]}}, 'hostPort (container "web" uses hostPort 80)'),
    (
        {"context": {"capabilities": {"add": ["NET_ADMIN", "CHOWN", "SYS_TIME"]}}},
        'non-default capabilities (container "web" must not include "NET_ADMIN", "SYS_TIME" in '
        "securityContext.capabilities.add)",
    ),
    (
        {"context": {"procMount": "Unmasked"}},
        'procMount (container "web" must not set securityContext.procMount to "Unmasked")',
    ),
    (
        {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
        'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ),
    ({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}, "forbidden sysctls (kernel.msgmax)"),
    (
        {"securityContext": {"seLinuxOptions": {"type": "spc_t", "user": "u"}}},
        'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    ),
    (
        {"context": {"appArmorProfile": {"type": "Unconfined"}}},
        'forbidden AppArmor profile (container "web" must not set AppArmor profile type to "Unconfined")',
    ),
    (
        {"container": {"livenessProbe": {"httpGet": {"port": 80, "host": "example.com"}}}},
        'probe or lifecycle host (container "web" uses probe or lifecycle host "example.com")',
    ),
    (
        {"context": {"windowsOptions": {"hostProcess": True}}},
        'hostProcess (container "web" must not set securityContext.windowsOptions.hostProcess=true)',
    ),
]


@pytest.mark.parametrize("pod, words", BASELINE)
def test_baseline_forbids(pod, words):
    assert said("baseline", **pod) == words


RESTRICTED = [
    (
        {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
        'restricted volume types (volume "v" uses restricted volume type "hostPath")',
    ),
    (
        {"context": {**GOOD, "capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}},
        'unrestricted capabilities (container "web" must not include "CHOWN" in securityContext.capabilities.add)',
    ),
    ({"securityContext": {"runAsUser": 0}}, "runAsUser=0 (pod must not set runAsUser=0)"),
    (
        {"securityContext": {"runAsNonRoot": False}},
        "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)",
    ),
]


@pytest.mark.parametrize("pod, words", RESTRICTED)
def test_restricted_forbids_besides(pod, words):
    assert said("restricted", **{"context": GOOD, **pod}) == words


def test_several_containers_are_named_together():
    containers = [{"name": name, "securityContext": {"privileged": True}} for name in ("a", "b")]
    found = violations(Level("baseline"), {}, {"containers": containers})
    assert str(found[0]) == 'privileged (containers "a", "b" must not set securityContext.privileged=true)'


def test_an_older_version_knows_fewer_rules():
    probing = {"livenessProbe": {"httpGet": {"port": 80, "host": "example.com"}}}
    assert said("baseline", container=probing, version="v1.33") == ""


def test_a_namespace_without_labels_is_privileged():
    assert policy_of(None) == Policy(Level("privileged"), Level("privileged"), Level("privileged"))


def test_who_enforces_warns_of_it_unless_told_otherwise():
    prefix = "pod-security.kubernetes.io/"
    policy = policy_of({f"{prefix}enforce": "baseline", f"{prefix}enforce-version": "v1.30"})
    assert str(policy.enforce) == str(policy.warn) == "baseline:v1.30"
    assert policy_of({f"{prefix}enforce": "baseline", f"{prefix}warn": "restricted"}).warn == Level("restricted")


def test_a_label_that_means_nothing_is_refused_and_enforces_the_most():
    labels = {"pod-security.kubernetes.io/enforce": "strict", "pod-security.kubernetes.io/warn-version": "1.30"}
    first, second = validate_labels(labels)
    assert first["message"] == 'Invalid value: "strict": must be one of privileged, baseline, restricted'
    assert second["message"] == 'Invalid value: "1.30": must be "latest" or "v1.x"'
    assert policy_of(labels).enforce == Level("restricted")
