"""ResourceQuota: what a namespace may have."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.apiserver.api import CONFIG_MAPS, PODS, config_map, pod

QUOTAS = "/api/v1/namespaces/default/resourcequotas"
SERVICES = "/api/v1/namespaces/default/services"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"


def quota(api, hard, name="team", **spec):
    return api.make(QUOTAS, {"metadata": {"name": name}, "spec": {"hard": hard, **spec}})


def asking(name, requests=None, limits=None, **spec):
    resources = {"requests": requests or {}, "limits": limits or {}}
    return pod(name, containers=[{"name": "c", "image": "demo:1", "resources": resources}], **spec)


def test_a_pod_too_many_is_refused_in_kubernetes_words(api):
    quota(api, {"pods": "1"})
    api.make(PODS, pod("a"))
    answer = api.post(PODS, pod("b"))
    assert answer.status == 403
    assert answer.json["reason"] == "Forbidden"
    assert answer.message == (
        'pods "b" is forbidden: exceeded quota: team, requested: pods=1, used: pods=1, limited: pods=1'
    )


def test_only_what_is_exceeded_is_listed(api):
    quota(api, {"requests.cpu": "1", "requests.memory": "1Gi", "limits.memory": "1Gi", "pods": "9"})
    api.make(PODS, asking("a", {"cpu": "800m", "memory": "600Mi"}, {"memory": "600Mi"}))
    answer = api.post(PODS, asking("b", {"cpu": "100m", "memory": "500Mi"}, {"memory": "500Mi"}))
    assert answer.message == (
        'pods "b" is forbidden: exceeded quota: team, requested: limits.memory=500Mi,requests.memory=500Mi, '
        "used: limits.memory=600Mi,requests.memory=600Mi, limited: limits.memory=1Gi,requests.memory=1Gi"
    )


def test_who_limits_cpu_and_memory_has_them_named(api):
    quota(api, {"limits.cpu": "2", "limits.memory": "1Gi"})
    answer = api.post(PODS, pod("a"))
    assert answer.message == (
        'pods "a" is forbidden: failed quota: team: must specify limits.cpu for: c; limits.memory for: c'
    )


def test_the_defaults_of_a_limit_range_count(api):
    quota(api, {"limits.cpu": "1"})
    ranges = "/api/v1/namespaces/default/limitranges"
    api.make(
        ranges, {"metadata": {"name": "r"}, "spec": {"limits": [{"type": "Container", "default": {"cpu": "600m"}}]}}
    )
    api.make(PODS, pod("a"))
    assert (
        "requested: limits.cpu=600m, used: limits.cpu=600m, limited: limits.cpu=1" in api.post(PODS, pod("b")).message
    )


def test_what_is_deleted_or_over_makes_room(api):
    quota(api, {"pods": "1", "count/pods": "3"})
    api.make(PODS, pod("a"))
    api.patch(f"{PODS}/a/status", {"status": {"phase": "Succeeded"}})
    api.make(PODS, pod("b"))
    api.delete(f"{PODS}/b")
    api.make(PODS, pod("c"))
    assert api.post(PODS, pod("d")).status == 403


def test_a_dry_run_is_refused_and_takes_nothing(api):
    quota(api, {"pods": "1"})
    assert api.post(f"{PODS}?dryRun=All", pod("a")).status == 201
    api.make(PODS, pod("a"))
    assert api.post(f"{PODS}?dryRun=All", pod("b")).status == 403


def test_objects_are_counted_by_name_or_by_count(api):
    quota(api, {"configmaps": "1", "count/secrets": "1", "count/deployments.apps": "0"})
    api.make(CONFIG_MAPS, config_map("a"))
    assert "exceeded quota: team, requested: configmaps=1" in api.post(CONFIG_MAPS, config_map("b")).message
    secrets = CONFIG_MAPS.replace("configmaps", "secrets")
    api.make(secrets, {"metadata": {"name": "a"}})
    assert "count/secrets=1" in api.post(secrets, {"metadata": {"name": "b"}}).message


def test_ports_of_services_are_counted_when_a_service_changes(api):
    quota(api, {"services.nodeports": "1"})
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}
    api.make(SERVICES, {"metadata": {"name": "web"}, "spec": spec})
    answer = api.patch(f"{SERVICES}/web", {"spec": {"type": "NodePort"}})
    assert answer.status == 403
    assert (
        "requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1" in answer.message
    )


def test_storage_is_counted_and_by_class(api):
    quota(api, {"requests.storage": "3Gi", "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1"})

    def claim(name, size, storage_class):
        requests = {"requests": {"storage": size}}
        spec = {"accessModes": ["ReadWriteOnce"], "resources": requests, "storageClassName": storage_class}
        return api.post(CLAIMS, {"metadata": {"name": name}, "spec": spec})

    assert claim("a", "1Gi", "fast").status == 201
    assert "fast.storageclass.storage.k8s.io/persistentvolumeclaims=1" in claim("b", "1Gi", "fast").message
    assert "requests.storage=4Gi" in claim("c", "4Gi", "slow").message


SCOPES = [
    (["BestEffort"], pod("a"), asking("b", {"cpu": "1"})),
    (["NotBestEffort"], asking("a", {"cpu": "1"}), pod("b")),
    (["Terminating"], pod("a", activeDeadlineSeconds=5), pod("b")),
    (["NotTerminating"], pod("a"), pod("b", activeDeadlineSeconds=5)),
]


@pytest.mark.parametrize("scopes, inside, outside", SCOPES)
def test_a_quota_looks_only_at_the_pods_of_its_scopes(api, scopes, inside, outside):
    quota(api, {"pods": "0"}, scopes=scopes)
    assert api.post(PODS, outside).status == 201
    assert api.post(PODS, inside).status == 403


def test_a_scope_selector_chooses_by_priority_class(api):
    selector = {
        "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]}]
    }
    quota(api, {"pods": "0"}, scopeSelector=selector)
    assert api.post(PODS, pod("a")).status == 201
    assert api.post(PODS, pod("b", priorityClassName="system-node-critical")).status == 403


def test_nobody_slips_through_at_the_same_time(api):
    quota(api, {"pods": "5"})
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda number: api.post(PODS, pod(f"p{number}")).status, range(20)))
    assert statuses.count(201) == 5
    assert len(api.get(PODS).json["items"]) == 5


def test_another_namespace_is_not_concerned(api):
    quota(api, {"pods": "0"})
    api.make("/api/v1/namespaces", {"metadata": {"name": "other"}})
    assert api.post("/api/v1/namespaces/other/pods", pod("a")).status == 201


BEST_EFFORT = {"scopeName": "BestEffort", "operator": "Exists"}
MEANINGLESS = [
    ({"scopes": ["Tired"]}, "unsupported scope"),
    ({"scopes": ["BestEffort", "NotBestEffort"]}, "conflicting scopes"),
    ({"requirements": [{}]}, "unsupported scope"),
    ({"requirements": [{"scopeName": "BestEffort", "operator": "In", "values": ["x"]}]}, "must be Exists"),
    ({"requirements": [{"scopeName": "PriorityClass", "operator": "In"}]}, "at least one value"),
    ({"requirements": [{"scopeName": "PriorityClass", "operator": "Exists", "values": ["x"]}]}, "no value"),
    ({"requirements": [{"scopeName": "PriorityClass", "operator": "Near"}]}, "not a valid selector operator"),
    ({"requirements": [BEST_EFFORT, {**BEST_EFFORT, "scopeName": "NotBestEffort"}]}, "conflicting scopes"),
]


@pytest.mark.parametrize("asked, why", MEANINGLESS)
def test_a_scope_that_means_nothing_is_refused(api, asked, why):
    spec = {"hard": {"pods": "1"}, "scopes": asked.get("scopes")}
    if "requirements" in asked:
        spec["scopeSelector"] = {"matchExpressions": asked["requirements"]}
    answer = api.post(QUOTAS, {"metadata": {"name": "team"}, "spec": spec})
    assert answer.status == 422
    assert why in answer.message
    assert api.post(PODS, pod("web")).status == 201
