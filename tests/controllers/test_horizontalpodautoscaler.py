"""How many pods a load asks for, and how fast that is followed."""

from datetime import timedelta

import pytest

from minikweb.apimachinery import clock
from minikweb.controllers.deployment.controller import DeploymentController
from minikweb.controllers.horizontalpodautoscaler import behavior, measure
from minikweb.controllers.horizontalpodautoscaler.controller import HorizontalPodAutoscalerController
from minikweb.controllers.horizontalpodautoscaler.measure import Groups, NotMeasured
from minikweb.controllers.replicaset import ReplicaSetController
from tests.controllers.builders import NOW, pod

# --- What a metric asks for --------------------------------------------------------------------------


def groups(*measured, unready=0, missing=0):
    return Groups(
        {f"m{number}": used for number, used in enumerate(measured)},
        [f"u{number}" for number in range(unready)],
        [f"n{number}" for number in range(missing)],
    )


def asked(found, request=100):
    return dict.fromkeys([*found.measured, *found.unready, *found.missing], request)


@pytest.mark.parametrize(
    "found, target, current, replicas",
    [
        (groups(100, 100), 50, 2, 4),  # twice the wish: twice the pods
        (groups(25, 25, 25, 25), 50, 4, 2),
        (groups(52, 52), 50, 2, 2),  # within the tolerance
        (groups(100, unready=1), 50, 2, 2),  # the one that is on its way may be enough
        (groups(300, unready=1), 50, 2, 6),
        (groups(25, missing=1), 50, 2, 2),  # the unknown one may be busy
        (groups(10, 10, 10, missing=1), 50, 4, 3),
        (groups(100, missing=1), 50, 2, 2),  # or idle
    ],
)
def test_the_ratio_of_use_and_wish_times_the_pods(found, target, current, replicas):
    assert measure.by_utilization(found, asked(found), target, current).replicas == replicas


def test_an_average_value_needs_no_requests():
    found = measure.by_average(groups(300, 100), 100, 2)
    assert (found.replicas, found.utilization, found.average) == (4, None, 200)


def test_without_requests_or_measurements_there_is_no_number():
    bare = pod("web")
    with pytest.raises(NotMeasured, match="missing request for cpu in container web of Pod web"):
        measure.requests_of([bare], "cpu")
    with pytest.raises(NotMeasured, match="did not receive metrics for targeted pods"):
        measure.by_utilization(groups(unready=2), {}, 50, 2)


def test_a_pod_that_warms_up_does_not_count_yet():
    def started(seconds, ready):
        at = clock.format(NOW - timedelta(seconds=seconds))
        return pod(f"p{seconds}", ready=ready, status={"startTime": at})

    fresh, settled = started(20, None), started(600, 500)
    usage = dict.fromkeys(("p20", "p600"), (100, NOW))
    found = measure.group(
        [fresh, settled, pod("gone", deletionTimestamp="x"), pod("new", phase="Pending")], usage, "cpu", NOW
    )
    assert (list(found.measured), found.unready) == (["p600"], ["p20", "new"])
    assert set(measure.group([fresh, settled], usage, "memory", NOW).measured) == {"p20", "p600"}


# --- How fast ----------------------------------------------------------------------------------------


def spec(least=1, most=100, **rules):
    return {"minReplicas": least, "maxReplicas": most, **({"behavior": rules} if rules else {})}


def test_it_grows_at_once_by_four_or_to_the_double():
    assert behavior.follow(spec(), 2, 50, behavior.Memory(), NOW).replicas == 6
    outcome = behavior.follow(spec(), 10, 50, behavior.Memory(), NOW)
    assert outcome.replicas == 20
    assert outcome.conditions["ScalingLimited"][1] == "ScaleUpLimit"


def test_it_shrinks_to_the_highest_of_the_last_five_minutes():
    memory = behavior.Memory()
    behavior.follow(spec(), 10, 10, memory, NOW)
    held = behavior.follow(spec(), 10, 2, memory, NOW + timedelta(seconds=299))
    assert (held.replicas, held.conditions["AbleToScale"][1]) == (10, "ScaleDownStabilized")
    later = behavior.follow(spec(), 10, 2, memory, NOW + timedelta(seconds=301))
    assert (later.replicas, later.conditions["ScalingLimited"][1]) == (2, "DesiredWithinRange")


def test_bounds_hold():
    assert (
        behavior.follow(spec(most=5), 3, 50, behavior.Memory(), NOW).conditions["ScalingLimited"][1]
        == "TooManyReplicas"
    )
    down = behavior.follow(spec(least=2), 4, 1, behavior.Memory(), NOW)
    assert (down.replicas, down.conditions["ScalingLimited"][1]) == (2, "TooFewReplicas")


def test_policies_limit_what_changes_in_a_time():
    rules = {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}], "stabilizationWindowSeconds": 0}
    slow, memory = spec(scaleDown=rules), behavior.Memory()
    assert behavior.follow(slow, 10, 2, memory, NOW).replicas == 9
    behavior.remember(slow, memory, -1, NOW)
    soon = behavior.follow(slow, 9, 2, memory, NOW + timedelta(seconds=30))
    assert (soon.replicas, soon.conditions["ScalingLimited"][1]) == (9, "ScaleDownLimit")
    assert behavior.follow(slow, 9, 2, memory, NOW + timedelta(seconds=61)).replicas == 8


def test_a_direction_can_be_switched_off():
    assert behavior.follow(spec(scaleUp={"selectPolicy": "Disabled"}), 3, 9, behavior.Memory(), NOW).replicas == 3


# --- The controller ----------------------------------------------------------------------------------


class Metered:
    """A client whose metrics API says what the test wants."""

    def __init__(self, client):
        self.client, self.cpu = client, "0"

    def __getattr__(self, name):
        return getattr(self.client, name)

    def request(self, method, path, **options):
        if "metrics.k8s.io" not in path or self.cpu is None:
            return self.client.request(method, path, **options)
        pods = self.client.list("Pod", "default")["items"]
        container = {"name": "web", "usage": {"cpu": self.cpu, "memory": "1Mi"}}
        now = "2126-01-01T00:00:00Z"
        items = [{"metadata": each["metadata"], "timestamp": now, "containers": [container]} for each in pods]

        class Answer:
            def json(self):
                return {"items": items}

        return Answer()


@pytest.fixture
def cluster(start):
    cluster = start(DeploymentController, ReplicaSetController, HorizontalPodAutoscalerController)
    controller = cluster["horizontalpodautoscaler"]
    controller.client = cluster.meter = Metered(controller.client)
    labels = {"app": "web"}
    container = {"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "100m"}}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    cluster.deploy("web", 2, template=template)
    run(cluster)
    return cluster


def run(cluster):
    cluster.settle()
    for each in cluster.pods():
        if not each["status"].get("startTime"):
            cluster.set_ready(each, True)
            status = {"status": {"startTime": "2026-01-01T00:00:00Z"}}
            cluster.client.patch("Pod", each["metadata"]["name"], status, "default", subresource="status")
    cluster.settle()


def autoscaler(cluster, **fields):
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 10, **fields}
    metadata = {"name": "web", "namespace": "default"}
    cluster.client.create(
        {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": spec}
    )
    return found(cluster)


def look(cluster, seconds):
    """The next look, so many seconds later."""
    controller = cluster["horizontalpodautoscaler"]
    later = controller.now() + timedelta(seconds=seconds)
    controller.now = lambda: later
    controller.sync("default", "web")
    return found(cluster)


def found(cluster):
    run(cluster)
    return cluster.client.get("HorizontalPodAutoscaler", "web", "default")


def conditions(scaled):
    return {each["type"]: (each["status"], each["reason"]) for each in scaled["status"]["conditions"]}


def test_a_busy_deployment_grows(cluster):
    cluster.meter.cpu = "160m"
    scaled = autoscaler(cluster)
    assert cluster.client.get("Deployment", "web", "default")["spec"]["replicas"] == 4
    assert cluster.said("SuccessfulRescale") == [
        "New size: 4; reason: cpu resource utilization (percentage of request) above target"
    ]
    assert scaled["status"]["currentMetrics"][0]["resource"]["current"] == {
        "averageUtilization": 160,
        "averageValue": "160m",
    }
    assert conditions(scaled)["ScalingActive"] == ("True", "ValidMetricFound")
    assert scaled["status"]["lastScaleTime"]


def test_an_idle_one_shrinks_once_it_has_been_idle_for_long(cluster):
    cluster.meter.cpu = "10m"
    autoscaler(cluster)
    assert conditions(look(cluster, 200))["AbleToScale"] == ("True", "ScaleDownStabilized")
    assert cluster.client.get("Deployment", "web", "default")["spec"]["replicas"] == 2
    look(cluster, 200)
    assert cluster.client.get("Deployment", "web", "default")["spec"]["replicas"] == 1
    assert cluster.said("SuccessfulRescale") == ["New size: 1; reason: All metrics below target"]


def test_without_metrics_nothing_changes_and_that_is_said(cluster):
    cluster.meter.cpu = None
    scaled = autoscaler(cluster)
    assert conditions(scaled)["ScalingActive"] == ("False", "FailedGetResourceMetric")
    assert (
        "failed to get cpu utilization: unable to get metrics for resource cpu"
        in cluster.said("FailedGetResourceMetric")[0]
    )
    assert cluster.client.get("Deployment", "web", "default")["spec"]["replicas"] == 2


def test_a_target_that_is_not_there_is_said(cluster):
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "nobody"}
    scaled = autoscaler(cluster, scaleTargetRef=reference)
    assert conditions(scaled) == {"AbleToScale": ("False", "FailedGetScale")}


def test_bounds_are_kept_without_any_metric(cluster):
    autoscaler(cluster, minReplicas=3)
    assert cluster.client.get("Deployment", "web", "default")["spec"]["replicas"] == 3
    assert cluster.said("SuccessfulRescale")[0].endswith("Current number of replicas below Spec.MinReplicas")


def test_a_target_at_zero_is_left_alone(cluster):
    cluster.client.patch("Deployment", "web", {"spec": {"replicas": 0}}, "default")
    scaled = autoscaler(cluster)
    assert conditions(scaled)["ScalingActive"] == ("False", "ScalingDisabled")


def test_custom_metrics_are_said_not_to_be_served(cluster):
    metric = {
        "type": "Pods",
        "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "1"}},
    }
    scaled = autoscaler(cluster, metrics=[metric])
    assert conditions(scaled)["ScalingActive"] == ("False", "FailedGetPodsMetric")
