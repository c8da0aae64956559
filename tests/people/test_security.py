"""A student can neither read nor disturb another, nor reach the host. These tests try, by the API and by the pages."""

import base64
import json
import re

import pytest
from django.urls import get_resolver

from minikweb.apimachinery.errors import ApiError, Unauthorized
from minikweb.classroom import departure
from minikweb.classroom import urls as console
from minikweb.client.client import Client
from minikweb.client.transport import HttpTransport
from minikweb.people import cluster as places
from minikweb.people import grants
from tests.running import until

LOG_LINE = "the secret of Lou"


def pod(name="web", **spec):
    container = {"name": "web", "image": "demo:1"} | spec.pop("container", {})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


class Two:
    """Zoé, who tries, and Lou, who has something in her namespace."""

    def __init__(self, door, server, cache):
        self.school_class = door.open_class()
        self.zoe_browser, self.zoe = door.student(self.school_class, "Zoé")
        self.lou_browser, self.lou = door.student(self.school_class, "Lou")
        self.admin = server.client("admin")
        self.as_zoe = server.client("web").acting_as(user=self.zoe.user)
        lou = server.client("web").acting_as(user=self.lou.user)
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "diary"}, "stringData": {"text": LOG_LINE}}
        settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": LOG_LINE}}
        made = [lou.create(obj, namespace=self.lou.account) for obj in (secret, settings)]
        lou_default = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        self.admin.create(lou_default, namespace=self.lou.account)
        made.append(lou.create(pod(), namespace=self.lou.account))
        for obj in made:
            informer = cache.informer(obj["kind"])
            until(lambda i=informer, o=obj: i.revision >= int(o["metadata"]["resourceVersion"]), "the cache")


@pytest.fixture
def two(door, server, cache):
    return Two(door, server, cache)


def refused(call, *arguments, **options):
    with pytest.raises(ApiError) as caught:
        call(*arguments, **options)
    assert caught.value.code == 403, caught.value.message
    return caught.value.message


# --- The API -----------------------------------------------------------------------------------------


def test_it_works(two):
    assert two.as_zoe.list("Pod", two.zoe.account)["items"] == []
    made = two.as_zoe.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}, "data": {}}, namespace=two.zoe.account
    )
    assert made["metadata"]["namespace"] == two.zoe.account


@pytest.mark.parametrize("kind", ["Pod", "Secret", "ConfigMap", "Event", "Service", "Deployment", "ServiceAccount"])
def test_another_namespace_is_closed(two, kind):
    refused(two.as_zoe.list, kind, two.lou.account)
    refused(two.as_zoe.list, kind)
    refused(two.as_zoe.watch, kind, two.lou.account, resource_version="0")
    refused(two.as_zoe.get, kind, "web", two.lou.account)


def test_nothing_is_written_in_another_namespace(two):
    refused(two.as_zoe.create, pod("intruder"), namespace=two.lou.account)
    refused(two.as_zoe.delete, "Pod", "web", two.lou.account)
    refused(two.as_zoe.patch, "Secret", "diary", {"data": {}}, two.lou.account)
    refused(two.as_zoe.exec, "web", two.lou.account, ["sh"])
    refused(lambda: list(two.as_zoe.logs("web", two.lou.account)))
    refused(two.as_zoe.request, "POST", f"/api/v1/namespaces/{two.lou.account}/pods/web/portforward")


def test_the_bounds_of_a_namespace_are_not_the_students(two):
    account = two.zoe.account
    for label in ("pod-security.kubernetes.io/enforce", grants.STUDENT_LABEL):
        refused(two.as_zoe.patch, "Namespace", account, {"metadata": {"labels": {label: None}}})
    refused(two.as_zoe.delete, "Namespace", account)
    refused(two.as_zoe.delete, "Namespace", two.lou.namespaces[1])
    for kind in ("ResourceQuota", "LimitRange", "RoleBinding"):
        refused(two.as_zoe.delete, kind, "student", account)
        refused(two.as_zoe.patch, kind, "student", {"metadata": {"labels": {"a": "b"}}}, account)
    assert two.as_zoe.list("ResourceQuota", account)["items"]


def test_the_second_namespace_may_be_deleted_and_only_its_own(two):
    two.as_zoe.delete("Namespace", two.zoe.namespaces[1])
    refused(two.as_zoe.create, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "free"}})


@pytest.mark.parametrize(
    "spec",
    [
        {"volumes": [{"name": "host", "hostPath": {"path": "/"}}]},
        {"hostNetwork": True},
        {"hostPID": True},
        {"container": {"securityContext": {"privileged": True}}},
        {"container": {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}},
        {"container": {"ports": [{"containerPort": 80, "hostPort": 80}]}},
    ],
    ids=["hostPath", "hostNetwork", "hostPID", "privileged", "capabilities", "hostPort"],
)
def test_no_pod_reaches_the_host(two, spec):
    two.admin.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}, namespace=two.zoe.account
    )
    message = refused(two.as_zoe.create, pod("escape", **spec), namespace=two.zoe.account)
    assert "PodSecurity" in message


def test_the_quota_holds(two):
    limit = int(grants.HARD["configmaps"])
    present = len(two.admin.list("ConfigMap", two.zoe.account)["items"])
    for number in range(limit - present):
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}"}}
        two.as_zoe.create(made, namespace=two.zoe.account)
    over = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "over"}}
    assert "exceeded quota" in refused(two.as_zoe.create, over, namespace=two.zoe.account)


def test_no_pod_pushes_another_off_its_node(two):
    default = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    two.admin.create(default, namespace=two.zoe.account)
    message = refused(
        two.as_zoe.create, pod("vip", priorityClassName="system-node-critical"), namespace=two.zoe.account
    )
    assert "no-priority" in message


def test_a_container_is_limited_without_being_asked(two):
    default = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    two.admin.create(default, namespace=two.zoe.account)
    made = two.as_zoe.create(pod("plain"), namespace=two.zoe.account)
    assert made["spec"]["containers"][0]["resources"]["limits"] == grants.DEFAULT_LIMIT
    greedy = {"resources": {"limits": {"memory": "8Gi"}}}
    refused(two.as_zoe.create, pod("greedy", container=greedy), namespace=two.zoe.account)


def test_nobody_becomes_another(two, server):
    token = places.token(two.admin, two.zoe)
    bare = server.client("admin").acting_as()
    with_token = {"Authorization": f"Bearer {token}"}
    path = f"/api/v1/namespaces/{two.lou.account}/pods"
    for headers in ({}, {"Impersonate-User": two.lou.user}, {"Impersonate-User": "system:admin"}):
        refused(_ask, server, path, with_token | headers)
    refused(_ask, server, path, with_token | {"Impersonate-User": "x", "Impersonate-Group": "system:masters"})
    refused(places.token, two.as_zoe, two.lou)
    refused(places.token, two.as_zoe, two.zoe)
    assert bare.list("Pod", two.lou.account)["items"]


def _ask(server, path, headers):
    """A request with a token of one's own; the identity of the transport is left out."""
    return Client(HttpTransport.unix(server.socket), headers=headers).request("GET", path)


def test_an_account_of_ones_own_namespace_may_no_more_than_its_owner(two, server):
    two.as_zoe.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}, namespace=two.zoe.account
    )
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {"name": "robot"}}
    token = two.as_zoe.create(request, namespace=two.zoe.account, subresource="token")["status"]["token"]
    robot = {"Authorization": f"Bearer {token}"}
    refused(_ask, server, f"/api/v1/namespaces/{two.lou.account}/pods", robot)
    refused(_ask, server, "/api/v1/nodes", robot)


def test_no_right_is_given_away_or_taken(two):
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "more"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": two.zoe.user}],
    }
    refused(two.as_zoe.create, binding, namespace=two.zoe.account)
    refused(two.as_zoe.create, binding, namespace=two.lou.account)
    for kind in ("ClusterRole", "ClusterRoleBinding", "PersistentVolume", "Secret"):
        refused(two.as_zoe.list, kind)


def test_the_nodes_are_only_looked_at(two):
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
    two.admin.create(node)
    try:
        assert two.as_zoe.get("Node", "n1")
        refused(two.as_zoe.patch, "Node", "n1", {"spec": {"unschedulable": True}})
        refused(two.as_zoe.delete, "Node", "n1")
        refused(two.as_zoe.request, "GET", "/api/v1/nodes/n1/proxy/containers")
    finally:
        two.admin.delete("Node", "n1")


def test_what_others_did_is_not_told(two):
    told = two.as_zoe.request("GET", "/activity", query={"limit": "1000"}).body.decode()
    assert "diary" not in told and LOG_LINE not in told


def test_a_token_dies_with_its_person(two, server):
    token = {"Authorization": f"Bearer {places.token(two.admin, two.zoe)}"}
    assert _ask(server, f"/api/v1/namespaces/{two.zoe.account}/pods", token).status == 200
    departure.delete_student(two.admin, two.zoe)
    with pytest.raises(Unauthorized):
        _ask(server, f"/api/v1/namespaces/{two.zoe.account}/pods", token)


def test_a_terminal_is_entered_by_its_student_alone(two, cache):
    place = two.school_class.namespace
    for student in (two.zoe, two.lou):
        places.open_toolbox(two.admin, student)
    pod_of_zoe = two.as_zoe.get("Pod", two.zoe.account, place)
    assert pod_of_zoe["spec"]["serviceAccountName"] == two.zoe.account
    refused(two.as_zoe.get, "Pod", two.lou.account, place)
    refused(two.as_zoe.exec, two.lou.account, place, ["sh"])
    refused(two.as_zoe.list, "Pod", place)
    refused(two.as_zoe.delete, "Pod", two.lou.account, place)
    refused(two.as_zoe.create, pod("spare", serviceAccountName=two.lou.account), namespace=place)


def test_a_terminal_goes_with_its_student(two):
    places.open_toolbox(two.admin, two.zoe)
    departure.delete_student(two.admin, two.zoe)
    left = [one["metadata"]["name"] for one in two.admin.list("RoleBinding", two.school_class.namespace)["items"]]
    assert two.zoe.account not in left


# --- The pages ---------------------------------------------------------------------------------------


def lous(two):
    """Paths of pages about Lou's things, to look at."""
    ns = two.lou.account
    objects = [f"/objects/{kind}/{ns}/{name}/" for kind, name in (("Pod", "web"), ("Secret", "diary"))]
    objects += [f"/objects/Pod/{ns}/web/{tab}/" for tab in ("yaml", "events", "logs", "terminal")]
    return [*objects, f"/logs/{ns}/web/", f"/objects/ConfigMap/{ns}/settings/edit/", f"/objects/Namespace/-/{ns}/"]


def test_a_page_about_anothers_thing_is_not_there(two):
    for path in lous(two):
        answer = two.zoe_browser.get(path)
        assert answer.status_code in (403, 404), (path, answer.status_code)
        assert LOG_LINE not in answer.content.decode()


def every_path(two, *things):
    """Every path of the pages there is, with the names of Lou's things in all places of names."""
    names = {"namespace": two.lou.account, "account": two.lou.account, "key": two.school_class.key}
    for kind, name in things:
        known = names | {"kind": kind, "name": name, "plural": f"{kind.lower()}s", "tab": "yaml", "verb": "delete"}
        for pattern in _patterns(get_resolver()):
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m, known=known: known.get(m[1], "1"), pattern)


def _patterns(resolver, before=""):
    for found in resolver.url_patterns:
        path = before + str(found.pattern)
        yield from _patterns(found, path) if hasattr(found, "url_patterns") else [path]


def test_no_page_at_all_tells_what_is_anothers(two):
    secrets = (LOG_LINE, base64.b64encode(LOG_LINE.encode()).decode())
    things = (("ConfigMap", "settings"), ("Secret", "diary"))
    for path in dict.fromkeys(every_path(two, *things)):
        answer = two.zoe_browser.get(path)
        assert answer.status_code < 500 or answer.status_code in (501, 503), path
        assert not answer.streaming or path.startswith(("/lessons/", "/charts/")), path
        assert not any(told in _text(answer) for told in secrets), path
    assert any(LOG_LINE in _text(two.lou_browser.get(path)) for path in every_path(two, *things)), (
        "not even Lou sees it: these paths prove nothing"
    )


def _text(answer):
    return "" if answer.streaming else answer.content.decode(errors="replace")


def test_no_form_at_all_changes_what_is_anothers(two):
    kinds = ("Pod", "Secret", "ConfigMap", "Deployment")

    def state():
        lists = [two.admin.list(kind, two.lou.account)["items"] for kind in kinds]
        lists += [two.admin.list(kind)["items"] for kind in ("Node", "Namespace")]
        return sorted(
            (one["kind"], one["metadata"]["name"], one["metadata"]["resourceVersion"]) for each in lists for one in each
        )

    before = state()
    data = {"name": "web", "confirmed": "1", "confirm": "web", "ns": two.lou.account, "namespace": two.lou.account}
    for path in dict.fromkeys(every_path(two, ("Pod", "web"))):
        if not path.startswith(("/me/", "/join/", "/sign-out/", "/sign-in/", "/lessons/")):
            answer = two.zoe_browser.post(path, data)
            assert answer.status_code < 500 or answer.status_code in (501, 503), path
    assert state() == before


def test_what_lists_lists_ones_own(two):
    paths = ("/", "/events/", "/activity/", "/list/pods/", "/list/secrets/", "/list/configmaps/", "/list/namespaces/")
    for path in paths:
        for asked in (path, f"{path}?ns={two.lou.account}", f"{path}?q=dia"):
            page = two.zoe_browser.get(asked).content.decode()
            assert LOG_LINE not in page and "diary" not in page and ">web<" not in page, asked


def test_the_tree_shows_ones_own(two):
    page = two.zoe_browser.get("/").content.decode()
    assert two.zoe.account in page and two.lou.account not in page and "kube-system" not in page


def test_nothing_of_another_is_done_by_the_pages(two):
    ns = two.lou.account
    for verb in ("delete", "scale", "image", "restart"):
        answer = two.zoe_browser.post(f"/objects/Pod/{ns}/web/do/{verb}/", {"name": "web", "confirmed": "1"})
        assert answer.status_code in (403, 404, 422), (verb, answer.status_code)
    assert two.zoe_browser.post(f"/secrets/{ns}/diary/reveal/").status_code in (403, 404, 405)
    two.zoe_browser.post("/new/", {"text": json.dumps(pod("intruder") | {"metadata": {"name": "i", "namespace": ns}})})
    assert [one["metadata"]["name"] for one in two.admin.list("Pod", ns)["items"]] == ["web"]


def test_a_student_never_reaches_a_teachers_page(two):
    names = {"key": two.school_class.key, "account": two.lou.account}
    for pattern in console.urlpatterns:
        path = "/" + re.sub(r"<\w+:(\w+)>", lambda m: names[m[1]], str(pattern.pattern))
        for ask in (two.zoe_browser.get, two.zoe_browser.post):
            answer = ask(path)
            assert answer.status_code == 403, path
            assert two.lou.pseudonym not in answer.content.decode()
    assert "Classes" not in two.zoe_browser.get("/").content.decode()


def test_another_students_kubeconfig_cannot_be_asked_for(two):
    answer = two.zoe_browser.post("/me/kubeconfig", {"student": two.lou.pk, "account": two.lou.account})
    assert two.lou.account not in answer.content.decode()


def test_every_form_needs_its_token(two, door):
    strict = door.browser(enforce_csrf_checks=True)
    strict.cookies = two.zoe_browser.cookies
    for path in ("/me/lost", "/me/kubeconfig", "/me/follow", "/sign-out/", "/new/"):
        assert strict.post(path, {"lost": "1"}).status_code == 403, path
    stranger = door.browser(enforce_csrf_checks=True)
    for path in ("/join/", "/sign-in/"):
        assert stranger.post(path, {"code": "AAAAAA"}).status_code == 403, path


def test_who_was_removed_is_nobody(two):
    departure.delete_student(two.admin, two.zoe)
    answer = two.zoe_browser.get("/")
    assert answer.status_code == 302 and answer["Location"] == "/over/"
    assert "The class is over" in two.zoe_browser.get("/over/").content.decode()
    assert two.lou_browser.get("/me/").status_code == 200


def test_a_foreign_host_name_is_refused(two, settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    assert two.zoe_browser.get("/", headers={"host": "rebound.example"}).status_code == 400


def test_the_namespaces_of_others_are_other_networks(two):
    """The rule is enforced by the nodes (see tests/docker); here it is there, and comes back with a reset."""
    policy = two.admin.get("NetworkPolicy", grants.BOUNDS, two.zoe.account)
    sources = policy["spec"]["ingress"][0]["from"]
    assert sources[0] == {"namespaceSelector": {"matchLabels": {grants.STUDENT_LABEL: two.zoe.account}}}
    two.as_zoe.delete("NetworkPolicy", grants.BOUNDS, two.zoe.account)
    places.clean(two.admin, two.zoe)
    assert two.admin.get("NetworkPolicy", grants.BOUNDS, two.zoe.account)["spec"] == policy["spec"]
