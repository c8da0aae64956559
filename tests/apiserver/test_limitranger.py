"""LimitRange: defaults and bounds for containers, pods and claims."""

import pytest

from tests.apiserver.api import PODS, deployment, pod

RANGES = "/api/v1/namespaces/default/limitranges"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def limit(api, type="Container", **item):
    spec = {"limits": [{"type": type, **item}]}
    return api.make(RANGES, {"metadata": {"name": f"range-{type.lower()}"}, "spec": spec})


def asking(name="web", requests=None, limits=None):
    resources = {"requests": requests or {}, "limits": limits or {}}
    return pod(name, containers=[{"name": "c", "image": "demo:1", "resources": resources}])


def storage(amount):
    return {"resources": {"requests": {"storage": amount}}}


def test_a_container_that_says_nothing_gets_the_defaults(api):
    limit(api, default={"cpu": "500m", "memory": "256Mi"}, defaultRequest={"cpu": "100m"})
    made = api.make(PODS, pod("web", initContainers=[{"name": "first", "image": "demo:1"}]))
    (container,), (init,) = made["spec"]["containers"], made["spec"]["initContainers"]
    assert container["resources"] == {
        "requests": {"cpu": "100m", "memory": "256Mi"},
        "limits": {"cpu": "500m", "memory": "256Mi"},
    }
    assert init["resources"] == container["resources"]
    assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c; "
        "cpu, memory request for init container first; cpu, memory limit for init container first"
    )


def test_what_a_container_says_stays(api):
    limit(api, default={"memory": "256Mi"}, defaultRequest={"memory": "64Mi"})
    made = api.make(PODS, asking(limits={"memory": "128Mi"}))
    assert made["spec"]["containers"][0]["resources"] == {
        "requests": {"memory": "128Mi"},
        "limits": {"memory": "128Mi"},
    }
    assert "annotations" not in made["metadata"]


def test_the_quality_of_service_is_that_of_the_defaults(api):
    limit(api, default={"cpu": "1", "memory": "1Gi"})
    assert api.make(PODS, pod("web"))["status"]["qosClass"] == "Guaranteed"


CASES = [
    (
        {"min": {"memory": "100Mi"}},
        {"memory": "64Mi"},
        {},
        "minimum memory usage per Container is 100Mi, but request is 64Mi",
    ),
    ({"max": {"memory": "1Gi"}}, {}, {"memory": "2Gi"}, "maximum memory usage per Container is 1Gi, but limit is 2Gi"),
    (
        {"maxLimitRequestRatio": {"cpu": "2"}},
        {"cpu": "100m"},
        {"cpu": "300m"},
        "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
    ),
    (
        {"maxLimitRequestRatio": {"cpu": "2"}},
        {},
        {},
        "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
    ),
]


@pytest.mark.parametrize("item, requests, limits, why", CASES)
def test_what_is_out_of_bounds_is_refused_in_kubernetes_words(api, item, requests, limits, why):
    limit(api, **item)
    answer = api.post(PODS, asking(requests=requests, limits=limits))
    assert answer.status == 403
    assert answer.message == f'pods "web" is forbidden: {why}'


def test_all_faults_are_told_together(api):
    limit(api, max={"cpu": "1", "memory": "1Gi"})
    answer = api.post(PODS, asking(limits={"cpu": "2", "memory": "2Gi"}))
    assert answer.message == (
        'pods "web" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, '
        "maximum memory usage per Container is 1Gi, but limit is 2Gi]"
    )


def test_a_pods_containers_are_added_up(api):
    limit(api, "Pod", max={"cpu": "1"})
    two = [{"name": name, "image": "demo:1", "resources": {"limits": {"cpu": "600m"}}} for name in ("a", "b")]
    answer = api.post(PODS, pod("web", containers=two))
    assert answer.message == 'pods "web" is forbidden: maximum cpu usage per Pod is 1, but limit is 1200m'
    assert api.post(PODS, pod("web", containers=two[:1])).status == 201
    assert "No limit is specified" in api.post(PODS, pod("silent")).message


def test_a_claim_has_its_own_bounds(api):
    limit(api, "PersistentVolumeClaim", min={"storage": "1Gi"}, max={"storage": "2Gi"})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}}
    answer = api.post(CLAIMS, {"metadata": {"name": "data"}, "spec": spec})
    assert answer.status == 403
    assert answer.message.endswith("maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi")


def test_a_claim_does_not_grow_past_what_a_claim_may_ask_for(api):
    limit(api, "PersistentVolumeClaim", max={"storage": "2Gi"})
    api.make(CLASSES, {"metadata": {"name": "grows"}, "provisioner": "example.com/x", "allowVolumeExpansion": True})
    asked = {"accessModes": ["ReadWriteOnce"], "storageClassName": "grows", "volumeName": "disk"}
    api.make(CLAIMS, {"metadata": {"name": "data"}, "spec": {**asked, **storage("1Gi")}})
    api.patch(f"{CLAIMS}/data/status", {"status": {"phase": "Bound"}})
    assert api.patch(f"{CLAIMS}/data", {"spec": storage("2Gi")}).status == 200
    answer = api.patch(f"{CLAIMS}/data", {"spec": storage("3Gi")})
    assert answer.status == 403
    assert answer.message.endswith("maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi")


def test_a_claim_too_large_for_a_range_that_came_later_can_be_deleted(api):
    asked = {"accessModes": ["ReadWriteOnce"], **storage("3Gi")}
    api.make(CLAIMS, {"metadata": {"name": "data", "finalizers": ["example.com/a"]}, "spec": asked})
    limit(api, "PersistentVolumeClaim", max={"storage": "2Gi"})
    api.delete(f"{CLAIMS}/data")
    assert api.patch(f"{CLAIMS}/data", {"metadata": {"finalizers": ["example.com/a"]}}).status == 200
    assert api.patch(f"{CLAIMS}/data", {"metadata": {"finalizers": None}}).status == 200
    assert api.get(f"{CLAIMS}/data").status == 404


def test_workloads_are_taken_as_they_are_for_only_pods_are_limited(api):
    limit(api, max={"cpu": "1"})
    made = api.make(DEPLOYMENTS, deployment("web"))
    assert made["spec"]["template"]["spec"]["containers"][0]["resources"] == {}


def test_a_range_that_is_gone_limits_nothing(api):
    limit(api, max={"cpu": "1"})
    assert api.post(PODS, asking(limits={"cpu": "2"})).status == 403
    api.delete(f"{RANGES}/range-container")
    assert api.post(PODS, asking(limits={"cpu": "2"})).status == 201


@pytest.mark.parametrize("spec", [{}, {"spec": {}}, {"spec": {"limits": []}}])
def test_a_range_that_says_nothing_stands_in_nobodys_way(api, spec):
    api.make(RANGES, {"metadata": {"name": "empty"}, **spec})
    assert api.post(PODS, pod("web")).status == 201
