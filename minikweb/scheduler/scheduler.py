"""Which node a pod runs on: pick the next pod, decide (decision.py), bind; or make room, or say why it waits.

Source: kubernetes/pkg/scheduler/schedule_one.go. One key wakes the whole queue: a pass takes the waiting pods one after
the other, so that each sees what the one before has taken, and binds them in parallel.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import ApiError, Conflict, NotFound
from minikweb.client.controller import Controller, key_of
from minikweb.kinds.volumebinding import SELECTED_NODE
from minikweb.scheduler import preemption, volumes
from minikweb.scheduler.decision import Decision, decide, explained, first_refusal, fit_error
from minikweb.scheduler.plugins import NodeInfo, PodInfo, could_ever_fit

Object = dict[str, Any]

SCHEDULER = "default-scheduler"
CLAIM = "PersistentVolumeClaim"
OF_CLAIM = "users"  # the index of pods by the claims they use
QUEUE = "/queue"  # the only key
UNSCHEDULED = "unscheduled"  # the index of the pods that wait for a node
CHOOSY = "choosy"  # of those, the pods to which it matters where others are
EXPLANATION = "scheduler.minikweb.io/decision"  # annotation of the events: the decision as JSON, see `explained`
PARALLEL_BINDINGS = 4


# --- The queue ---------------------------------------------------------------------------------------
def is_waiting(pod: Object) -> bool:
    """Whether this scheduler is to find a node for it."""
    spec = pod["spec"]
    return (
        not spec.get("nodeName")
        and spec.get("schedulerName", SCHEDULER) == SCHEDULER
        and not spec.get("schedulingGates")
        and not meta.is_being_deleted(pod)
        and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
    )


def unscheduled(pod: Object) -> list[str]:
    """The index function of UNSCHEDULED."""
    return [UNSCHEDULED] if is_waiting(pod) else []


def choosy(pod: Object) -> list[str]:
    """The index function of CHOOSY."""
    asks = pod["spec"].get("affinity") or pod["spec"].get("topologySpreadConstraints")
    return [CHOOSY] if asks and is_waiting(pod) else []


def in_order(pods: Iterable[Object]) -> list[Object]:
    """Pods as they are to be scheduled: higher priority first, then the older."""

    def order(pod: Object) -> tuple:
        metadata = pod["metadata"]
        return -(pod["spec"].get("priority") or 0), metadata["creationTimestamp"], int(metadata["resourceVersion"])

    return sorted(pods, key=order)


def keep_place(pod: PodInfo, name: str, nodes: list[NodeInfo]) -> None:
    """Whoever comes after it in this pass finds its place taken."""
    for info in nodes:
        if info.name == name:
            info.add(pod)


def claims_of(pod: Object) -> list[str]:
    """The index function of OF_CLAIM: the keys of the pod's claims."""
    return [f"{pod['metadata']['namespace']}/{name}" for name in volumes.claim_names(pod)]


def is_another(old: Object, new: Object) -> bool:
    """Whether a claim, a volume or a class may help or hinder pods otherwise than before."""
    parts = ("spec", "status", "volumeBindingMode")
    marks = ("deletionTimestamp", "annotations")
    return any(old.get(part) != new.get(part) for part in parts) or any(
        old["metadata"].get(mark) != new["metadata"].get(mark) for mark in marks
    )


def what_matters(node: Object) -> tuple:
    """What of a node decides over who may come; its heartbeats do not."""
    return node["spec"], node["metadata"].get("labels"), node.get("status", {}).get("allocatable")


class Scheduler(Controller):
    """Binds waiting pods to nodes."""

    name = "scheduler"
    kind = "Pod"
    needs = ("Node", "Namespace", CLAIM, "PersistentVolume", "StorageClass", "PodDisruptionBudget")
    source = SCHEDULER
    workers = 1

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        cache.informer("Pod").add_indexer(UNSCHEDULED, unscheduled)
        cache.informer("Pod").add_indexer(CHOOSY, choosy)
        cache.informer("Pod").add_indexer(OF_CLAIM, claims_of)
        self.assumed: dict[str, str] = {}  # uid of a pod → the node it was bound to, until the cache shows it
        self.infos: dict[str, PodInfo] = {}  # by uid, from the pass before

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        """A pod that begins to wait, a place that becomes free, a node that is new or has changed."""
        if kind == "Node":
            wakes = old is None or (new is not None and what_matters(old) != what_matters(new))
        elif kind in ("Namespace", "PodDisruptionBudget"):
            wakes = kind == "Namespace" and self.is_missed(old, new)
        elif kind != "Pod":
            wakes = new is not None and (old is None or is_another(old, new))
        else:
            begins = new is not None and is_waiting(new) and (old is None or old["spec"] != new["spec"])
            ends = old is not None and takes_place(old) and not (new and takes_place(new))
            wakes = begins or ends or self.is_missed(old, new)
        if wakes:
            yield QUEUE

    def is_missed(self, old: Object | None, new: Object | None) -> bool:
        """Whether a pod that waits for others may have waited for this one, here or so labelled from now on."""
        if new is None or not self.cache.by_index("Pod", CHOOSY, CHOOSY):
            return False
        labels = (old or {}).get("metadata", {}).get("labels")
        return new["metadata"].get("labels") != labels or (takes_place(new) and not (old and takes_place(old)))

    def sync(self, _: str, __: str) -> None:
        waiting = in_order(self.cache.by_index("Pod", UNSCHEDULED, UNSCHEDULED))
        waiting = [pod for pod in waiting if pod["metadata"]["uid"] not in self.assumed]
        if not waiting:
            return
        nodes = self.snapshot()
        if nodes and not any(node.allocatable for node in nodes):
            return  # the cluster is starting: the first node to say what it has calls again
        bindings: list[Future[None]] = []
        with ThreadPoolExecutor(PARALLEL_BINDINGS, thread_name_prefix="bind") as pool:
            for pod in waiting:
                self.schedule(pod, nodes, pool, bindings)
        for binding in bindings:
            binding.result()

    def schedule(
        self, pod: Object, nodes: list[NodeInfo], pool: ThreadPoolExecutor, bindings: list[Future]
    ) -> Decision:
        """Decides over one pod; the binding is left to the pool, its place is taken at once."""
        info = replace(self.info(pod), volumes=self.volumes(pod))
        if info.volumes.is_binding:
            return Decision(None)  # the claims it waits for call again
        decision = decide(info, nodes, self.namespaces())
        if decision.node is None:
            decision = self.make_room(info, decision, nodes)
            self.report_failure(pod, decision)
            return decision
        if info.volumes.unbound:
            bindings += [pool.submit(self.select_node, claim, decision.node) for claim in info.volumes.unbound]
            return decision
        self.assumed[pod["metadata"]["uid"]] = decision.node
        next(node for node in nodes if node.name == decision.node).add(info)
        bindings.append(pool.submit(self.bind, pod, decision))
        return decision

    def namespaces(self) -> dict[str, dict[str, str]]:
        """The labels of each."""
        found = (each["metadata"] for each in self.cache.list("Namespace"))
        return {each["name"]: each.get("labels") or {} for each in found}

    # --- preemption ---------------------------------------------------------------------------------

    def make_room(self, pod: PodInfo, decision: Decision, nodes: list[NodeInfo]) -> Decision:
        """Ends less important pods where that helps; the place is kept for this one for the rest of the pass."""
        if not decision.refusals:
            return decision
        nominated = (pod.pod.get("status") or {}).get("nominatedNodeName") or ""
        if why := preemption.why_not_eligible(pod, nodes):
            keep_place(pod, nominated, nodes)
            return replace(decision, message=fit_error(pod, nodes, decision.refusals, why))
        namespaces = self.namespaces()

        def fits(changed: NodeInfo) -> bool:
            others = [changed if info.name == changed.name else info for info in nodes]
            return not first_refusal(pod.among(others, namespaces), changed)

        helped = [info for info in nodes if could_ever_fit(pod, info, decision.refusals[info.name])]
        found = preemption.choose(pod, helped, fits, self.cache.list("PodDisruptionBudget"))
        if found is None:
            return decision
        for victim in found.victims:
            self.preempt(pod.pod, victim.pod, found.node)
        keep_place(pod, found.node, nodes)
        return replace(decision, message=fit_error(pod, nodes, decision.refusals, ""), nominated=found.node)

    def preempt(self, pod: Object, victim: Object, node: str) -> None:
        """Asks a pod to end for another, and says so in its status."""
        metadata = victim["metadata"]
        if meta.is_being_deleted(victim):
            return
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": f"{SCHEDULER}: preempting to accommodate a higher priority pod",
            "lastTransitionTime": clock.format(datetime.now(UTC)),
        }
        patch = {"metadata": {"uid": metadata["uid"]}, "status": {"conditions": [condition]}}
        with suppress(NotFound):
            self.client.patch(
                "Pod", metadata["name"], patch, metadata["namespace"], type="strategic", subresource="status"
            )
            self.client.delete("Pod", metadata["name"], metadata["namespace"], uid=metadata["uid"])
            words = f"Preempted by pod {pod['metadata']['uid']} on node {node}"
            self.recorder.event(victim, "Normal", "Preempted", words)

    def snapshot(self) -> list[NodeInfo]:
        """The nodes and what runs on each, those pods included whose binding the cache does not show yet."""
        nodes = {node["metadata"]["name"]: NodeInfo.of(node) for node in self.cache.list("Node")}
        pods, infos = self.cache.list("Pod"), {}
        for pod in pods:
            uid, name = pod["metadata"]["uid"], pod["spec"].get("nodeName")
            if name:
                self.assumed.pop(uid, None)
            infos[uid] = self.info(pod)
            node = nodes.get(name or self.assumed.get(uid, ""))
            if node and not is_over(pod):
                node.add(infos[uid])
        self.infos = infos
        self.assumed = {uid: node for uid, node in self.assumed.items() if uid in infos}
        return sorted(nodes.values(), key=lambda info: info.name)

    def info(self, pod: Object) -> PodInfo:
        """What the pod takes, reckoned once for each state of it."""
        known = self.infos.get(pod["metadata"]["uid"])
        return known if known and known.pod is pod else PodInfo.of(pod)

    def volumes(self, pod: Object) -> volumes.Needs:
        """What its claims ask for, as they are now."""
        if not pod["spec"].get("volumes"):
            return volumes.NOTHING
        namespace, get = pod["metadata"]["namespace"], self.cache.get
        return volumes.needs(
            pod,
            claim=lambda name: get(CLAIM, namespace, name),
            volume=lambda name: get("PersistentVolume", None, name),
            storage_class=lambda name: get("StorageClass", None, name),
            node=lambda name: get("Node", None, name),
            volumes=self.cache.list("PersistentVolume"),
            users=lambda claim: self.cache.by_index("Pod", OF_CLAIM, key_of(claim)),
        )

    def select_node(self, claim: Object, node: str) -> None:
        """Tells a claim where its first pod is to run; once it is bound the pod has its turn again."""
        metadata = claim["metadata"]
        patch = {"metadata": {"uid": metadata["uid"], "annotations": {SELECTED_NODE: node}}}
        with suppress(NotFound, Conflict):
            self.client.patch(CLAIM, metadata["name"], patch, metadata["namespace"])

    def bind(self, pod: Object, decision: Decision) -> None:
        """Tells the API where the pod goes; a pod that has ended or was bound meanwhile is no failure."""
        name, namespace, uid = pod["metadata"]["name"], pod["metadata"]["namespace"], pod["metadata"]["uid"]
        node = decision.node
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": namespace, "uid": uid},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        try:
            self.client.create(binding, subresource="binding")
        except (NotFound, Conflict):
            self.assumed.pop(uid, None)
        except ApiError:
            self.assumed.pop(uid, None)
            raise
        else:
            words = f"Successfully assigned {namespace}/{name} to {node}"
            self.recorder.event(pod, "Normal", "Scheduled", words, annotations={EXPLANATION: explained(decision)})

    def report_failure(self, pod: Object, decision: Decision) -> None:
        """Says in the pod's condition and in an event why it waits, when that has changed."""
        condition = meta.get_condition(pod.get("status", {}).get("conditions"), "PodScheduled")
        said = condition and condition["status"] == "False" and condition.get("message") == decision.message
        if said and not decision.nominated:
            return
        wanted = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": decision.message,
            "lastTransitionTime": (condition or {}).get("lastTransitionTime") or clock.format(datetime.now(UTC)),
        }
        why = {EXPLANATION: explained(decision)}
        self.recorder.event(pod, "Warning", "FailedScheduling", decision.message, annotations=why)
        status = {"conditions": [wanted], **({"nominatedNodeName": decision.nominated} if decision.nominated else {})}
        patch = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
        try:
            name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
            self.client.patch("Pod", name, patch, namespace, type="strategic", subresource="status")
        except NotFound:
            return


def is_over(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def takes_place(pod: Object) -> bool:
    """Whether the pod takes resources of a node: until its containers have ended, so also while it is terminating."""
    return bool(pod["spec"].get("nodeName")) and not is_over(pod)
