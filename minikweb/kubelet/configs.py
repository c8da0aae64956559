"""A pod's spec in the runtime's words, and what of it is not supported. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minikweb.apimachinery import quantity
from minikweb.kubelet import env
from minikweb.kubelet.pods import Start, full_name, is_sidecar
from minikweb.kubelet.volumes import SUPPORTED, mounts
from minikweb.runtime.protocol import ContainerConfig, PodRef, SandboxConfig, Volume

Object = dict[str, Any]

HOSTNAME_LENGTH = 63
DOMAIN = "cluster.local"


def pod_ref(pod: Object) -> PodRef:
    meta = pod["metadata"]
    return PodRef(meta["namespace"], meta["name"], meta["uid"])


def sandbox(
    pod: Object, ip: str, attempt: int, *, gateway: str = "", dns: str = "", volumes: tuple[Volume, ...] = ()
) -> SandboxConfig:
    """gateway: the node's address, where all packets go; dns: the cluster's DNS server. Both "" without a network."""
    servers, searches, options = names(pod, dns)
    return SandboxConfig(
        pod=pod_ref(pod),
        ip=ip,
        hostname=(pod["spec"].get("hostname") or pod["metadata"]["name"])[:HOSTNAME_LENGTH].rstrip("-."),
        attempt=attempt,
        gateway=gateway,
        dns_servers=servers,
        dns_searches=searches,
        dns_options=options,
        hosts=tuple(
            (name, alias["ip"])
            for alias in pod["spec"].get("hostAliases") or ()
            for name in alias.get("hostnames") or ()
        ),
        volumes=volumes,
        annotations=pod["metadata"].get("annotations") or {},
    )


def names(pod: Object, dns: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(servers, search domains, options) of the pod's resolv.conf; no servers where the machine's are meant.

    Source: pkg/kubelet/network/dns/dns.go (GetPodDNS): what dnsConfig adds comes after what dnsPolicy gives.
    """
    servers, searches, options = [], [], {}
    if dns and pod["spec"].get("dnsPolicy", "ClusterFirst").startswith("ClusterFirst"):
        servers.append(dns)
        searches += [f"{pod['metadata']['namespace']}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN]
        options["ndots"] = "5"
    own = pod["spec"].get("dnsConfig") or {}
    options |= {one["name"]: one.get("value") or "" for one in own.get("options") or () if one.get("name")}
    written = tuple(f"{name}:{value}" if value else name for name, value in options.items())
    unique = dict.fromkeys((*servers, *(own.get("nameservers") or ())))
    return tuple(unique), tuple(dict.fromkeys((*searches, *(own.get("searches") or ())))), written


def container(
    pod: Object, start: Start, environment: Mapping[str, str], volumes: tuple[Volume, ...] = ()
) -> ContainerConfig:
    """Its configuration; command and arguments see the environment."""
    spec = start.container
    command, args = env.command(spec, environment)
    resources = spec.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    mounted, copies = mounts(pod, spec, volumes, environment) if volumes else ((), {})
    completes = pod["spec"].get("restartPolicy", "Always") != "Always" or start.is_init
    return ContainerConfig(
        name=spec["name"],
        image=spec["image"],
        attempt=start.attempt,
        command=command,
        args=args,
        env=environment,
        working_dir=spec.get("workingDir", ""),
        tty=bool(spec.get("tty")),
        stdin=bool(spec.get("stdin")),
        stdin_once=bool(spec.get("stdinOnce")),
        cpu_limit=_amount(limits, "cpu", quantity.cpu),
        memory_limit=_amount(limits, "memory", quantity.memory),
        cpu_request=_amount(requests, "cpu", quantity.cpu),
        **_security(pod, spec),
        share_processes=bool(pod["spec"].get("shareProcessNamespace")),
        mounts=mounted,
        copies=copies,
        last_words=_last_words(spec),
        logs_are_last_words=spec.get("terminationMessagePolicy") == "FallbackToLogsOnError",
        runs_to_completion=completes and not is_sidecar(spec) and not start.is_ephemeral,
        annotations={} if start.is_init or start.is_ephemeral else pod["metadata"].get("annotations") or {},
    )


def _last_words(spec: Object) -> str:
    """The file of its termination message; not where the container has a file system of its own that ends with it."""
    path = spec.get("terminationMessagePath") or ""
    return "" if path.startswith("/dev/") else path


def _amount(resources: Object, name: str, read: Any) -> Any:
    return read(resources[name]) if name in resources else None


def _security(pod: Object, spec: Object) -> dict[str, Any]:
    """User, root file system and capabilities from the securityContexts; the container's wins."""
    context = {**(pod["spec"].get("securityContext") or {}), **(spec.get("securityContext") or {})}
    user = str(context["runAsUser"]) if "runAsUser" in context else ""
    capabilities = context.get("capabilities") or {}
    return {
        "user": f"{user}:{context['runAsGroup']}" if user and "runAsGroup" in context else user,
        "groups": tuple(context.get("supplementalGroups") or ())
        + ((context["fsGroup"],) if "fsGroup" in context else ()),
        "read_only": bool(context.get("readOnlyRootFilesystem")),
        "add_capabilities": tuple(capabilities.get("add") or ()),
        "drop_capabilities": tuple(capabilities.get("drop") or ()),
        "no_new_privileges": context.get("allowPrivilegeEscalation") is False,
        "unconfined": (context.get("seccompProfile") or {}).get("type") == "Unconfined",
    }


def breaks_non_root(pod: Object, container: Object, image_user: str) -> str:
    """Why a container that must not run as root would, or nothing. Source: kuberuntime/security_context.go."""
    context = {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}
    if not context.get("runAsNonRoot"):
        return ""
    whose = f'(pod: "{full_name(pod)}", container: {container["name"]})'
    if "runAsUser" in context:
        return "" if context["runAsUser"] else f"container's runAsUser breaks non-root policy {whose}"
    user = image_user.partition(":")[0]
    if user in ("", "0", "root"):
        return f"container has runAsNonRoot and image will run as root {whose}"
    if not user.isdigit():
        return (
            f"container has runAsNonRoot and image has non-numeric user ({user}), "
            f"cannot verify user is non-root {whose}"
        )
    return ""


def unsupported(pod: Object) -> tuple[str, str] | None:
    """(event reason, message) of what the pod asks for and real containers cannot have here yet, or None."""
    spec = pod["spec"]
    for volume in spec.get("volumes") or ():
        source = next((key for key in volume if key != "name"), "emptyDir")
        if source in SUPPORTED:
            continue
        why = f'MountVolume.SetUp failed for volume "{volume["name"]}" : volumes of type {source} are not supported yet'
        return "FailedMount", why
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            return "FailedCreatePodSandBox", f"Failed to create pod sandbox: {name} is not supported"
    for one in (*spec["containers"], *(spec.get("initContainers") or ())):
        if (one.get("securityContext") or {}).get("privileged"):
            return (
                "FailedCreatePodSandBox",
                f"Failed to create pod sandbox: {one['name']} asks to be privileged: not supported",
            )
        if any(port.get("hostPort") for port in one.get("ports") or ()):
            return "FailedCreatePodSandBox", "Failed to create pod sandbox: hostPort is not supported yet"
    return None
