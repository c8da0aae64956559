"""kubectl 1.37, as it comes from its makers: a session as a developer types it."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from minikweb.apimachinery import errors
from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.kubectl]
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: demo, image: "minikweb/demo:1"}
"""


_numbers = itertools.count(1)  # a test that is run again meets nothing of its first run


@pytest.fixture
def kubectl(cluster, request):
    """kubectl in a namespace of the test's own."""
    namespace = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[:45].strip("-") + f"-{next(_numbers)}"
    cluster.kubectl("create", "namespace", namespace)

    def run(command: str, *more: str, **options) -> str:
        return cluster.kubectl("-n", namespace, *command.split(), *more, **options)

    run.namespace = namespace
    yield run
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def web(kubectl):
    """The same with a Deployment of two pods, rolled out."""
    kubectl("apply -f -", stdin=WEB)
    assert "successfully rolled out" in kubectl("rollout status deployment/web --timeout=60s")
    return kubectl


def column(text: str, name: str) -> list[str]:
    """One column of a table that kubectl printed."""
    head, *rows = text.strip().splitlines()
    start = re.search(rf"(^|\s){re.escape(name)}(\s|$)", head).start(0)
    start += head[start] == " "
    return [row[start:].split("  ")[0].strip() for row in rows]


def test_it_works(web):
    assert column(web("get deployments"), "READY") == ["2/2"]
    assert column(web("get pods"), "STATUS") == ["Running", "Running"]


# --- Reading ---


def test_all_lists_the_workloads_of_a_namespace(web):
    assert {line.split("/")[0] for line in web("get all -o name").split()} == {
        "pod", "deployment.apps", "replicaset.apps",
    }  # fmt: skip


def test_wide_adds_the_columns_kubectl_has(web):
    head = web("get pods -o wide").splitlines()[0].split("  ")
    assert [word.strip() for word in head if word.strip()] == [
        "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES",
    ]  # fmt: skip


def test_every_output_format_is_served(web):
    assert json.loads(web("get deployment web -o json"))["spec"]["replicas"] == 2
    assert "replicas: 2" in web("get deployment web -o yaml")
    assert web("get deployment web -o name").strip() == "deployment.apps/web"
    assert web("get pods", "-o", "jsonpath={.items[*].status.phase}") == "Running Running"
    assert column(web("get pods", "-o", "custom-columns=P:.status.phase"), "P") == ["Running", "Running"]
    assert web("get pods", "-o", "go-template={{len .items}}") == "2"


def test_selectors_choose(web):
    assert len(web("get pods -l app=web -o name").split()) == 2
    assert web("get pods -l app!=web -o name") == ""
    assert len(web("get pods -l", "app in (web,api)", "-o", "name").split()) == 2
    assert web("get pods --field-selector=status.phase=Failed -o name") == ""
    assert len(web("get pods --field-selector=status.phase=Running -o name").split()) == 2


def test_all_namespaces_are_listed_together(web):
    assert web.namespace in column(web("get pods -A"), "NAMESPACE")


def test_a_long_list_comes_in_pages(kubectl):
    for n in range(7):
        kubectl(f"create configmap page-{n}")
    assert len(kubectl("get configmaps --chunk-size=3 -o name").split()) == 8  # kube-root-ca.crt too


def test_a_watch_follows_a_pod_to_its_end(kubectl):
    kubectl("run once --image=minikweb/demo:1 --restart=Never")
    seen = kubectl("get pod once -w --output-watch-events --request-timeout=6s", check=False)
    assert "Completed" in seen


def test_describe_tells_the_whole_story(web):
    deployment = web("describe deployment web")
    assert "2 desired | 2 updated | 2 total | 2 available | 0 unavailable" in deployment
    until(lambda: "ScalingReplicaSet" in web("describe deployment web"), "the event")
    name = web("get pods -o name").split()[0]
    until(lambda: "Started" in web(f"describe {name}"), "the events of a pod")
    pod = web(f"describe {name}")
    for word in ("Controlled By:  ReplicaSet/web-", "QoS Class:", "Successfully assigned", "Started"):
        assert word in pod
    assert "node.kubernetes.io/not-ready:NoExecute op=Exists for 300s" in pod


def test_describe_node_says_that_it_is_simulated(kubectl):
    text = kubectl("describe node node-1")
    assert "simulated://" in text and "minikweb.io/runtime=simulated" in text


def test_events_can_be_asked_for_one_object(web):
    until(lambda: "Scaled up replica set" in web("events --for deployment/web"), "the event")
    assert "ScalingReplicaSet" in web("get events --sort-by=.lastTimestamp")


def test_logs_of_a_pod_of_a_deployment_and_of_a_selector(web):
    assert "simulated container" in web("logs deployment/web")
    assert web("logs -l app=web --prefix --tail=1").count("[pod/web-") == 2
    assert re.match(r"\d{4}-\d\d-\d\dT", web("logs deployment/web --timestamps --tail=1").splitlines()[-1])


def test_exec_says_why_it_cannot(web):
    assert "exec needs Docker" in web("exec deployment/web -- ls", check=False)


def test_the_server_explains_itself(kubectl):
    resources = kubectl("api-resources")
    assert re.search(r"^deployments +deploy +apps/v1 +true +Deployment$", resources, re.MULTILINE)
    assert "apps/v1" in kubectl("api-versions")
    assert "Server Version: v1.37" in kubectl("version")
    assert "control plane" in kubectl("cluster-info")
    assert "RollingUpdate" in kubectl("explain deployment.spec.strategy.type")
    assert "<[]Container>" in kubectl("explain pod.spec --recursive")
    assert '"kind":"Namespace"' in kubectl(f"get --raw /api/v1/namespaces/{kubectl.namespace}")


def test_what_is_not_there_is_said_as_kubernetes_says_it(kubectl):
    assert kubectl("get pod ghost", check=False).strip() == 'Error from server (NotFound): pods "ghost" not found'
    assert "the server doesn't have a resource type" in kubectl("get ghosts", check=False)


# --- Creating, in protobuf where kubectl does ---


def test_typed_creates_arrive_whole(kubectl):
    kubectl("create configmap settings --from-literal=colour=blue")
    assert kubectl("get configmap settings", "-o", "jsonpath={.data.colour}") == "blue"
    kubectl("create secret generic password --from-literal=p=s3cret")
    assert kubectl("get secret password", "-o", "jsonpath={.data.p}") == "czNjcmV0"
    kubectl("create serviceaccount robot")
    assert kubectl("create token robot").count(".") == 2
    kubectl("create service clusterip api --tcp=80:8080")
    assert kubectl("get service api", "-o", "jsonpath={.spec.ports[0].targetPort}") == "8080"
    kubectl("create deployment typed --image=minikweb/demo:1 --replicas=2 --port=8080")
    assert (
        kubectl("get deployment typed", "-o", "jsonpath={.spec.template.spec.containers[0].ports[0].containerPort}")
        == "8080"
    )


def test_creating_twice_is_refused(kubectl):
    kubectl("create configmap one")
    assert '(AlreadyExists): configmaps "one" already exists' in kubectl("create configmap one", check=False).replace(
        "error: failed to create configmap: ", "(AlreadyExists): "
    )


def test_a_dry_run_changes_nothing(kubectl):
    text = kubectl("create deployment dry --image=minikweb/demo:1 --dry-run=server -o yaml")
    assert "progressDeadlineSeconds: 600" in text
    assert kubectl("get deployments -o name") == ""


def test_a_misspelt_field_is_named(kubectl):
    refused = kubectl("create -f -", stdin=WEB.replace("replicas:", "replicsa:"), check=False)
    assert 'strict decoding error: unknown field "spec.replicsa"' in refused
    warned = kubectl("create --validate=warn -f -", stdin=WEB.replace("replicas:", "replicsa:"), check=False)
    assert 'unknown field "spec.replicsa"' in warned and "created" in warned


def test_a_wrong_value_is_named(kubectl):
    refused = kubectl("create -f -", stdin=WEB.replace("name: demo", "name: DEMO"), check=False)
    assert 'Deployment.apps "web" is invalid' in refused or "The Deployment" in refused
    assert "spec.template.spec.containers[0].name" in refused


# --- Changing ---


def test_apply_creates_changes_and_leaves_alone(kubectl):
    assert "created" in kubectl("apply -f -", stdin=WEB)
    assert "unchanged" in kubectl("apply -f -", stdin=WEB)
    assert "configured" in kubectl("apply -f -", stdin=WEB.replace("replicas: 2", "replicas: 3"))
    assert kubectl("get deployment web", "-o", "jsonpath={.spec.replicas}") == "3"


def test_diff_shows_what_apply_would_do(web):
    assert web("diff -f -", stdin=WEB) == ""
    shown = web("diff -f -", stdin=WEB.replace("demo:1", "demo:2"), check=False)
    assert "-      - image: minikweb/demo:1" in shown and "+      - image: minikweb/demo:2" in shown


def test_apply_prunes_what_the_manifest_no_longer_says(kubectl):
    kubectl("apply -f -", stdin=WEB.replace("metadata:\n  name: web", "metadata:\n  name: web\n  labels: {a: b}"))
    kubectl("apply -f -", stdin=WEB)
    assert kubectl("get deployment web", "-o", "jsonpath={.metadata.labels}") == ""


def test_server_side_apply_names_the_owner_of_a_conflict(kubectl):
    kubectl("apply --server-side --field-manager=first -f -", stdin=WEB)
    other = WEB.replace("replicas: 2", "replicas: 4")
    refused = kubectl("apply --server-side --field-manager=second -f -", stdin=other, check=False)
    assert 'conflict with "first": .spec.replicas' in refused
    kubectl("apply --server-side --field-manager=second --force-conflicts -f -", stdin=other)
    assert kubectl("get deployment web", "-o", "jsonpath={.spec.replicas}") == "4"
    managers = kubectl(
        "get deployment web --show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}"
    )
    assert {"first", "second"} <= set(managers.split())


def test_server_side_apply_takes_over_from_client_side_apply(web):
    assert "serverside-applied" in web("apply --server-side -f -", stdin=WEB)
    managers = web("get deployment web --show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}")
    assert "kubectl-client-side-apply" not in managers


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("strategic", '{"spec":{"replicas":1}}'),
        ("merge", '{"spec":{"replicas":1}}'),
        ("json", '[{"op":"replace","path":"/spec/replicas","value":1}]'),
    ],
)
def test_each_kind_of_patch_is_understood(web, kind, patch):
    web(f"patch deployment web --type={kind} -p", patch)
    assert web("get deployment web", "-o", "jsonpath={.spec.replicas}") == "1"


def test_a_strategic_patch_merges_containers_by_name(web):
    web("patch deployment web -p", '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"x"}]}}}}')
    names = web("get deployment web", "-o", "jsonpath={.spec.template.spec.containers[*].name}")
    assert set(names.split()) == {"demo", "side"}


def test_labels_and_annotations_come_and_go(web):
    web("label deployment web tier=front")
    assert web("get deployments -l tier=front -o name").strip() == "deployment.apps/web"
    assert "already has a value" in web("label deployment web tier=back", check=False)
    web("label deployment web tier-")
    assert web("get deployments -l tier -o name") == ""
    web("annotate deployment web note=hello")
    assert web("get deployment web", "-o", "jsonpath={.metadata.annotations.note}") == "hello"


def test_edit_saves_what_the_editor_leaves(web):
    editor = {"KUBE_EDITOR": "sed -i 's/replicas: 2/replicas: 1/'"}
    assert "edited" in web("edit deployment web", environment=editor)
    assert web("get deployment web", "-o", "jsonpath={.spec.replicas}") == "1"


def test_replace_wants_the_revision_it_read(web):
    stale = web("get deployment web -o json")
    web("annotate deployment web touched=yes")
    assert "(Conflict)" in web("replace -f -", stdin=stale, check=False)


def test_set_env_and_resources_reach_the_template(web):
    web("set env deployment/web COLOUR=blue")
    web("set resources deployment/web --limits=cpu=100m,memory=64Mi")
    container = json.loads(web("get deployment web -o json"))["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [{"name": "COLOUR", "value": "blue"}]
    assert container["resources"]["limits"] == {"cpu": "100m", "memory": "64Mi"}


# --- Rollouts ---


def history(web) -> list[tuple[str, str]]:
    """(revision, change-cause) as `rollout history` lists them."""
    return re.findall(r"^(\d+) +(\w+)$", web("rollout history deployment/web"), re.MULTILINE)


def test_a_new_image_rolls_out_is_in_the_history_and_can_be_undone(web):
    web("annotate deployment/web kubernetes.io/change-cause=first")
    web("set image deployment/web demo=minikweb/demo:2")
    web("annotate deployment/web kubernetes.io/change-cause=second --overwrite")
    assert "successfully rolled out" in web("rollout status deployment/web --timeout=60s")
    assert re.findall(r"^(\d+) +(\w+)$", web("rollout history deployment/web"), re.MULTILINE) == [
        ("1", "first"),
        ("2", "second"),
    ]
    assert "minikweb/demo:2" in web("rollout history deployment/web --revision=2")
    web("rollout undo deployment/web")
    web("rollout status deployment/web --timeout=60s")
    assert web("get deployment web", "-o", "jsonpath={.spec.template.spec.containers[0].image}") == "minikweb/demo:1"
    assert re.findall(r"^(\d+) +(\w+)$", web("rollout history deployment/web"), re.MULTILINE) == [
        ("2", "second"),
        ("3", "first"),
    ]


def test_undo_goes_to_any_revision(web):
    for version in (2, 3):
        web(f"set image deployment/web demo=minikweb/demo:{version}")
        web("rollout status deployment/web --timeout=60s")
    web("rollout undo deployment/web --to-revision=1")
    assert web("get deployment web", "-o", "jsonpath={.spec.template.spec.containers[0].image}") == "minikweb/demo:1"
    assert "unable to find specified revision 9" in web("rollout undo deployment/web --to-revision=9", check=False)


def test_a_paused_deployment_waits_for_resume(web):
    web("rollout pause deployment/web")
    web("set image deployment/web demo=minikweb/demo:2")
    assert len(web("get replicasets -o name").split()) == 1
    web("rollout resume deployment/web")
    web("rollout status deployment/web --timeout=60s")
    assert len(web("get replicasets -o name").split()) == 2
    web("rollout pause deployment/web")
    assert "cannot rollback a paused" in web("rollout undo deployment/web", check=False)


def test_restart_replaces_every_pod(web):
    before = set(web("get pods -o name").split())
    web("rollout restart deployment/web")
    web("rollout status deployment/web --timeout=60s")
    until(lambda: before.isdisjoint(web("get pods -o name").split()), "new pods only")


def test_scaling_up_to_zero_and_back(web):
    web("scale deployment/web --replicas=4")
    web("wait", "--for=jsonpath={.status.readyReplicas}=4", "deployment/web", "--timeout=60s")
    web("scale deployment/web --current-replicas=4 --replicas=0")
    web("wait --for=delete pod -l app=web --timeout=60s")
    assert column(web("get deployments"), "READY") == ["0/0"]
    assert (
        "expected replicas to be 7"
        in web("scale deployment/web --current-replicas=7 --replicas=1", check=False).lower()
    )
    web("scale deployment/web --replicas=1")
    web("wait --for=condition=Available deployment/web --timeout=60s")


# --- Deleting ---


def test_deleting_a_deployment_takes_its_pods_along(web):
    web("delete deployment web")
    web("wait --for=delete pod -l app=web --timeout=60s")
    assert web("get replicasets,pods -o name") == ""


def test_orphans_stay(web):
    web("delete deployment web --cascade=orphan")
    assert len(web("get pods -l app=web -o name").split()) == 2
    owners = web("get replicasets", "-o", "jsonpath={.items[*].metadata.ownerReferences}")
    assert owners == ""


def test_foreground_waits_for_the_children(web):
    web("delete deployment web --cascade=foreground")
    assert web("get replicasets,pods -o name") == ""


def test_a_pod_deleted_by_hand_is_replaced(web):
    gone = web("get pods -o name").split()[0]
    web(f"delete {gone}")
    until(lambda: column(web("get deployments"), "READY") == ["2/2"], "two pods again")
    assert gone not in web("get pods -o name").split()


def test_a_namespace_goes_with_all_it_has(cluster):
    cluster.kubectl("create", "namespace", "passing")
    cluster.kubectl("-n", "passing", "create", "deployment", "web", "--image=minikweb/demo:1")
    cluster.kubectl("delete", "namespace", "passing", "--timeout=60s")
    with pytest.raises(errors.NotFound):
        cluster.client.get("Namespace", "passing")


# --- Nodes, identity ---


def test_a_node_is_cordoned_drained_and_taken_back(web):
    node = web("get pods", "-o", "jsonpath={.items[0].spec.nodeName}")
    try:
        web(f"drain {node} --force --ignore-daemonsets --timeout=60s")
        until(lambda: column(web("get deployments"), "READY") == ["2/2"], "the pods live elsewhere")
        assert node not in web("get pods", "-o", "jsonpath={.items[*].spec.nodeName}").split()
        assert "SchedulingDisabled" in web(f"get node {node}")
    finally:
        web(f"uncordon {node}")
    assert "SchedulingDisabled" not in web(f"get node {node}")


def test_a_taint_keeps_pods_away(kubectl):
    try:
        kubectl("taint nodes --all only=others:NoSchedule")
        kubectl("run shy --image=minikweb/demo:1")
        until(lambda: "had untolerated taint" in kubectl("describe pod shy"), "the scheduler's reason")
        assert column(kubectl("get pods"), "STATUS") == ["Pending"]
    finally:
        kubectl("taint nodes --all only-")
    kubectl("wait --for=condition=Ready pod/shy --timeout=60s")


def test_one_knows_who_one_is_and_what_one_may(kubectl):
    assert "system:admin" in kubectl("auth whoami")
    assert kubectl("auth can-i create pods").strip() == "yes"
    assert "*.*" in kubectl("auth can-i --list")
