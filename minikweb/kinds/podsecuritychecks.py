"""What the levels baseline and restricted of the Pod Security Standards forbid, one function a rule. Pure.

Each gives the Violation in Kubernetes' words, or None.
Source: k8s.io/pod-security-admission/policy/check_*.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from minikweb.kinds.registry import Object

BASELINE, RESTRICTED = "baseline", "restricted"


class Violation(NamedTuple):
    """What is forbidden, and where it was found."""

    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


class Pod(NamedTuple):
    """A pod or a pod template, seen as of a minor version of Kubernetes."""

    metadata: Object
    spec: Object
    minor: int

    @property
    def containers(self) -> list[Object]:
        lists = ("initContainers", "containers", "ephemeralContainers")
        return [container for key in lists for container in self.spec.get(key) or ()]

    @property
    def context(self) -> Object:
        return self.spec.get("securityContext") or {}

    @property
    def is_windows(self) -> bool:
        return (self.spec.get("os") or {}).get("name") == "windows"

    @property
    def is_another_user(self) -> bool:
        """Whether its root is nobody outside of it."""
        return self.minor >= 35 and self.spec.get("hostUsers") is False

    def naming(self, wrong: Callable[[Object], bool]) -> list[str]:
        """The names of the containers whose securityContext is wrong."""
        return [one["name"] for one in self.containers if wrong(one.get("securityContext") or {})]


def _quoted(items: Iterable[str]) -> str:
    return ", ".join(f'"{item}"' for item in items)


def _some(word: str, items: list[str], plural: str = "s") -> str:
    """`container "a"`, `containers "a", "b"`."""
    return f"{word if len(items) == 1 else word + plural} {_quoted(items)}"


def _setters(pod_too: bool, names: list[str]) -> str:
    """`pod and container "a"`: who sets a value."""
    return " and ".join(["pod"] * pod_too + ([_some("container", names)] if names else []))


def _app_armor(pod: Pod) -> Violation | None:
    allowed, old = ("RuntimeDefault", "Localhost"), "container.apparmor.security.beta.kubernetes.io/"

    def type_of(context: Object) -> str | None:
        profile = context.get("appArmorProfile")
        return None if profile is None or profile.get("type") in allowed else profile.get("type") or ""

    names = pod.naming(lambda context: type_of(context) is not None)
    contexts = [pod.context, *(one.get("securityContext") or {} for one in pod.containers)]
    values = sorted({value for value in map(type_of, contexts) if value is not None})
    setters = [_setters(type_of(pod.context) is not None, names)] if values else []
    annotations = sorted(
        f'{key}="{value}"'
        for key, value in (pod.metadata.get("annotations") or {}).items()
        if key.startswith(old) and value and value != "runtime/default" and not value.startswith("localhost/")
    )
    if annotations:
        setters.append("annotation" if len(annotations) == 1 else "annotations")
    if not setters:
        return None
    bad = [*values, *annotations]
    reason = "forbidden AppArmor profile" + ("s" if len(bad) > 1 else "")
    return Violation(reason, f"{' and '.join(setters)} must not set AppArmor profile type to {_quoted(bad)}")


_HARMLESS = (
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
)  # fmt: skip


def _added(context: Object, allowed: Iterable[str]) -> set[str]:
    return set((context.get("capabilities") or {}).get("add") or ()) - set(allowed)


def _all_added(pod: Pod, allowed: Iterable[str]) -> list[str]:
    contexts = (one.get("securityContext") or {} for one in pod.containers)
    return sorted(set().union(*(_added(context, allowed) for context in contexts)))


def _capabilities_baseline(pod: Pod) -> Violation | None:
    names = pod.naming(lambda context: bool(_added(context, _HARMLESS)))
    if not names:
        return None
    what = f"must not include {_quoted(_all_added(pod, _HARMLESS))} in securityContext.capabilities.add"
    return Violation("non-default capabilities", f"{_some('container', names)} {what}")


def _host_namespaces(pod: Pod) -> Violation | None:
    found = [f"{key}=true" for key in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(key)]
    return Violation("host namespaces", ", ".join(found)) if found else None


def _host_path_volumes(pod: Pod) -> Violation | None:
    found = [volume["name"] for volume in pod.spec.get("volumes") or () if volume.get("hostPath") is not None]
    return Violation("hostPath volumes", _some("volume", found)) if found else None


def _host_ports(pod: Pod) -> Violation | None:
    used = {
        one["name"]: [str(port["hostPort"]) for port in one.get("ports") or () if port.get("hostPort")]
        for one in pod.containers
    }
    names = [name for name, ports in used.items() if ports]
    if not names:
        return None
    ports = sorted({port for each in used.values() for port in each})
    verb, word = "uses" if len(names) == 1 else "use", "hostPort" if len(ports) == 1 else "hostPorts"
    return Violation("hostPort", f"{_some('container', names)} {verb} {word} {', '.join(ports)}")


def _host_probes(pod: Pod) -> Violation | None:
    hosts: dict[str, set[str]] = {}
    for one in pod.containers:
        handlers = [one.get(key) for key in ("livenessProbe", "readinessProbe", "startupProbe")]
        handlers += (one.get("lifecycle") or {}).values()
        for handler in handlers:
            for key in ("httpGet", "tcpSocket"):
                if host := ((handler or {}).get(key) or {}).get("host"):
                    hosts.setdefault(one["name"], set()).add(host)
    if not hosts:
        return None
    found, names = sorted(set().union(*hosts.values())), sorted(hosts)
    verb, word = "uses" if len(names) == 1 else "use", "probe or lifecycle host"
    return Violation(word, f"{_some('container', names)} {verb} {_some(word, found)}")


def _privileged(pod: Pod) -> Violation | None:
    names = pod.naming(lambda context: bool(context.get("privileged")))
    detail = f"{_some('container', names)} must not set securityContext.privileged=true"
    return Violation("privileged", detail) if names else None


def _proc_mount(pod: Pod) -> Violation | None:
    if pod.is_another_user:
        return None
    kinds = {one["name"]: (one.get("securityContext") or {}).get("procMount") for one in pod.containers}
    names = [name for name, kind in kinds.items() if kind not in (None, "Default")]
    values = sorted({kinds[name] or "" for name in names})
    detail = f"{_some('container', names)} must not set securityContext.procMount to {_quoted(values)}"
    return Violation("procMount", detail) if names else None


def _selinux_options(pod: Pod) -> Violation | None:
    types = {"", "container_t", "container_init_t", "container_kvm_t"}
    if pod.minor >= 31:
        types.add("container_engine_t")

    def wrong(context: Object) -> bool:
        options = context.get("seLinuxOptions") or {}
        return bool((options.get("type") or "") not in types or options.get("user") or options.get("role"))

    contexts = [pod.context, *(one.get("securityContext") or {} for one in pod.containers)]
    options = [context.get("seLinuxOptions") or {} for context in contexts if wrong(context)]
    if not options:
        return None
    bad_types = sorted({each.get("type") or "" for each in options} - types)
    said = [_some("type", bad_types)] if bad_types else []
    said += [f"{key} may not be set" for key in ("user", "role") if any(each.get(key) for each in options)]
    setters = _setters(wrong(pod.context), pod.naming(wrong))
    return Violation("seLinuxOptions", f"{setters} set forbidden securityContext.seLinuxOptions: {'; '.join(said)}")


def _seccomp_type(context: Object) -> str | None:
    profile = context.get("seccompProfile")
    return None if profile is None else profile.get("type") or ""


def _seccomp_is_bad(context: Object) -> bool:
    return _seccomp_type(context) not in (None, "RuntimeDefault", "Localhost")


def _seccomp_profile_baseline(pod: Pod) -> Violation | None:
    names, by_pod = pod.naming(_seccomp_is_bad), _seccomp_is_bad(pod.context)
    if not names and not by_pod:
        return None
    contexts = [pod.context, *(one.get("securityContext") or {} for one in pod.containers)]
    values = sorted({_seccomp_type(context) or "" for context in contexts if _seccomp_is_bad(context)})
    what = f"must not set securityContext.seccompProfile.type to {_quoted(values)}"
    return Violation("seccompProfile", f"{_setters(by_pod, names)} {what}")


_SAFE_SYSCTLS = {  # since which minor version → the names
    0: "kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.ping_group_range"
    " net.ipv4.ip_unprivileged_port_start",
    27: "net.ipv4.ip_local_reserved_ports",
    29: "net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl"
    " net.ipv4.tcp_keepalive_probes",
    32: "net.ipv4.tcp_rmem net.ipv4.tcp_wmem",
    37: "net.ipv4.tcp_slow_start_after_idle net.ipv4.tcp_notsent_lowat",
}


def _sysctls(pod: Pod) -> Violation | None:
    safe = {name for since, names in _SAFE_SYSCTLS.items() if since <= pod.minor for name in names.split()}
    found = [each["name"] for each in pod.context.get("sysctls") or () if each["name"] not in safe]
    return Violation("forbidden sysctls", ", ".join(found)) if found else None


def _windows_host_process(pod: Pod) -> Violation | None:
    def wrong(context: Object) -> bool:
        return bool((context.get("windowsOptions") or {}).get("hostProcess"))

    setters = _setters(wrong(pod.context), pod.naming(wrong))
    detail = f"{setters} must not set securityContext.windowsOptions.hostProcess=true"
    return Violation("hostProcess", detail) if setters else None


def _allow_privilege_escalation(pod: Pod) -> Violation | None:
    names = pod.naming(lambda context: context.get("allowPrivilegeEscalation") is not False)
    if not names or (pod.is_windows and pod.minor >= 25):
        return None
    detail = f"{_some('container', names)} must set securityContext.allowPrivilegeEscalation=false"
    return Violation("allowPrivilegeEscalation != false", detail)


def _capabilities_restricted(pod: Pod) -> Violation | None:
    if pod.is_windows and pod.minor >= 25:
        return None
    allowed, said = ("NET_BIND_SERVICE",), []
    keeping = pod.naming(lambda context: "ALL" not in ((context.get("capabilities") or {}).get("drop") or ()))
    if keeping:
        said.append(f'{_some("container", keeping)} must set securityContext.capabilities.drop=["ALL"]')
    adding = pod.naming(lambda context: bool(_added(context, allowed)))
    if adding:
        what = f"must not include {_quoted(_all_added(pod, allowed))} in securityContext.capabilities.add"
        said.append(f"{_some('container', adding)} {what}")
    return Violation("unrestricted capabilities", "; ".join(said)) if said else None


_HARMLESS_VOLUMES = (
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
)  # fmt: skip


def _restricted_volumes(pod: Pod) -> Violation | None:
    kinds = {
        volume["name"]: next((key for key, value in volume.items() if key != "name" and value is not None), "unknown")
        for volume in pod.spec.get("volumes") or ()
    }
    names = [name for name, kind in kinds.items() if kind not in _HARMLESS_VOLUMES]
    if not names:
        return None
    verb, types = "uses" if len(names) == 1 else "use", sorted({kinds[name] for name in names})
    detail = f"{_some('volume', names)} {verb} {_some('restricted volume type', types)}"
    return Violation("restricted volume types", detail)


def _run_as_non_root(pod: Pod) -> Violation | None:
    reason, asked = "runAsNonRoot != true", pod.context.get("runAsNonRoot")
    if pod.is_another_user:
        return None
    setters = _setters(asked is False, pod.naming(lambda context: context.get("runAsNonRoot") is False))
    if setters:
        return Violation(reason, f"{setters} must not set securityContext.runAsNonRoot=false")
    silent = [] if asked else pod.naming(lambda context: context.get("runAsNonRoot") is None)
    detail = f"pod or {_some('container', silent)} must set securityContext.runAsNonRoot=true"
    return Violation(reason, detail) if silent else None


def _run_as_user(pod: Pod) -> Violation | None:
    names = pod.naming(lambda context: context.get("runAsUser") == 0)
    setters = _setters(pod.context.get("runAsUser") == 0, names)
    if not setters or pod.is_another_user:
        return None
    return Violation("runAsUser=0", f"{setters} must not set runAsUser=0")


def _seccomp_profile_restricted(pod: Pod) -> Violation | None:
    if pod.is_windows and pod.minor >= 25:
        return None
    if bad := _seccomp_profile_baseline(pod):
        return bad
    silent = [] if _seccomp_type(pod.context) else pod.naming(lambda context: _seccomp_type(context) is None)
    what = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Violation("seccompProfile", f"pod or {_some('container', silent)} {what}") if silent else None


class Check(NamedTuple):
    """A rule, the minor version it came with, and the laxer rules it says more sharply."""

    level: str
    find: Callable[[Pod], Violation | None]
    since: int = 0
    overrides: tuple[str, ...] = ()


CHECKS = (  # the order of the messages
    Check(BASELINE, _app_armor),
    Check(BASELINE, _capabilities_baseline),
    Check(BASELINE, _host_namespaces),
    Check(BASELINE, _host_path_volumes),
    Check(BASELINE, _host_ports),
    Check(BASELINE, _host_probes, 34),
    Check(BASELINE, _privileged),
    Check(BASELINE, _proc_mount),
    Check(BASELINE, _selinux_options),
    Check(BASELINE, _seccomp_profile_baseline, 19),
    Check(BASELINE, _sysctls),
    Check(BASELINE, _windows_host_process),
    Check(RESTRICTED, _allow_privilege_escalation, 8),
    Check(RESTRICTED, _capabilities_restricted, 22, ("_capabilities_baseline",)),
    Check(RESTRICTED, _restricted_volumes, 0, ("_host_path_volumes",)),
    Check(RESTRICTED, _run_as_non_root),
    Check(RESTRICTED, _run_as_user, 23),
    Check(RESTRICTED, _seccomp_profile_restricted, 19, ("_seccomp_profile_baseline",)),
)
