"""Bodies made by hand, byte by byte, and bodies made by the real kubectl."""

import json
import shlex
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikweb.apimachinery.errors import BadRequest
from minikweb.apiserver import protobuf
from minikweb.management.commands import generate_protobuf_table as generator


def varint(number):
    number &= 2**64 - 1
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def field(number, value):
    """A field: int → varint, str or bytes → length-delimited, float → eight bytes."""
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(*fields):
    return b"".join(field(number, value) for number, value in fields)


def body(api_version, kind, *fields):
    return b"k8s\0" + message((1, message((1, api_version), (2, kind))), (2, message(*fields)), (3, ""), (4, ""))


def pod(*spec):
    return protobuf.decode(body("v1", "Pod", (2, message(*spec))))["spec"]


META = message((1, "web"), (2, ""), (3, "demo"), (7, 0), (8, b""), (11, message((1, "app"), (2, "web"))))


def test_it_works():
    config_map = body(
        "v1", "ConfigMap", (1, META), (2, message((1, "a"), (2, "b"))), (2, message((1, "empty"))), (4, 0)
    )
    assert protobuf.decode(config_map) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "web", "namespace": "demo", "labels": {"app": "web"}},
        "data": {"a": "b", "empty": ""},
        "immutable": False,
    }


def test_bytes_become_base64():
    secret = protobuf.decode(body("v1", "Secret", (2, message((1, "p"), (2, b"\x00\xff")))))
    assert secret["data"] == {"p": "AP8="}


def test_a_zero_that_was_set_on_purpose_stays_and_others_go():
    deployment = protobuf.decode(body("apps/v1", "Deployment", (2, message((1, 0), (5, 0), (6, 0), (7, 0)))))
    assert deployment["spec"] == {"replicas": 0, "revisionHistoryLimit": 0}


def test_empty_structs_go_but_chosen_ones_stay():
    container = message((1, "c"), (8, b""), (15, b""))
    volume = message((1, "v"), (2, message((2, b""))))
    assert pod((2, container), (1, volume)) == {
        "containers": [{"name": "c", "securityContext": {}}],
        "volumes": [{"name": "v", "emptyDir": {}}],
    }


def test_structs_written_in_place_join_their_parent():
    source = message((3, message((1, message((1, "settings"))), (2, "key"), (3, 0))))
    container = message((1, "c"), (7, message((1, "A"), (2, ""), (3, source))))
    assert pod((2, container))["containers"][0]["env"] == [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "key", "optional": False}}}
    ]


def test_ports_and_quantities_are_scalars():
    by_name, by_number = message((1, 1), (2, 0), (3, "http")), message((1, 0), (2, 8080), (3, ""))
    ports = [message((3, 80), (4, target)) for target in (by_name, by_number)]
    service = protobuf.decode(body("v1", "Service", (2, message((1, ports[0]), (1, ports[1])))))
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http", 8080]
    resources = message((1, message((1, "cpu"), (2, message((1, "100m"))))))
    assert pod((2, message((1, "c"), (8, resources))))["containers"][0]["resources"] == {"limits": {"cpu": "100m"}}


def test_times_are_rfc_3339():
    moment = message((1, 1795435200), (2, 123456000))
    lease = protobuf.decode(
        body("coordination.k8s.io/v1", "Lease", (1, message((9, moment))), (2, message((4, moment))))
    )
    assert lease["metadata"]["deletionTimestamp"] == "2026-11-23T12:00:00Z"
    assert lease["spec"]["renewTime"] == "2026-11-23T12:00:00.123456Z"


def test_negative_numbers_keep_their_sign():
    assert protobuf.decode(body("scheduling.k8s.io/v1", "PriorityClass", (2, -5)))["value"] == -5


def test_raw_extensions_and_field_sets_are_json():
    revision = protobuf.decode(body("apps/v1", "ControllerRevision", (2, message((1, '{"spec":{"a":1}}'))), (3, 0)))
    assert revision["data"] == {"spec": {"a": 1}} and revision["revision"] == 0
    entry = message((1, "me"), (7, message((1, '{"f:spec":{}}'))))
    managed = protobuf.decode(body("v1", "Pod", (1, message((17, entry)))))
    assert managed["metadata"]["managedFields"] == [{"manager": "me", "fieldsV1": {"f:spec": {}}}]


def test_delete_options_come_under_any_version():
    for api_version in ("v1", "apps/v1", "meta.k8s.io/v1"):
        options = protobuf.decode(body(api_version, "DeleteOptions", (1, 0), (4, "Background"), (5, "All")))
        assert options == {
            "apiVersion": api_version, "kind": "DeleteOptions", "gracePeriodSeconds": 0,
            "propagationPolicy": "Background", "dryRun": ["All"],
        }  # fmt: skip


def test_extra_values_are_lists():
    extra = message((1, "scopes"), (2, message((1, "a"), (1, "b"))))
    review = protobuf.decode(
        body("authorization.k8s.io/v1", "SubjectAccessReview", (2, message((3, "jane"), (5, extra))))
    )
    assert review["spec"] == {"user": "jane", "extra": {"scopes": ["a", "b"]}}


def test_fields_of_a_later_release_are_skipped():
    later = body("v1", "ConfigMap", (1, META), (900, "new"), (901, 1), (902, 1.5))
    assert set(protobuf.decode(later)) == {"apiVersion", "kind", "metadata"}


def test_an_unknown_kind_is_told_to_come_as_json():
    with pytest.raises(BadRequest, match='no kind "Widget" of version "acme.io/v1" .* send it as application/json'):
        protobuf.decode(body("acme.io/v1", "Widget"))


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"{}",
        b"k8s\0\xff",
        b"k8s\0" + b"\xff" * 11,
        b"k8s\0\x00\x01",
        b"k8s\0\x0b",
        body("v1", "Pod")[:-9],
        body("v1", "Pod", (1, 5)),
        body("v1", "ConfigMap", (4, "yes")),
        body("v1", "ConfigMap", (2, message((1, b"\xff"), (2, "x")))),
        body("v1", "Pod", (1, message((9, message((1, 2**62)))))),
        body("apps/v1", "ControllerRevision", (2, message((1, "{")))),
        b"k8s\0" + message((1, message((1, "v1"), (2, "Pod"))), (3, "gzip")),
        b"k8s\0" + message((1, message((1, "v1"), (2, "Pod"))), (4, "application/json")),
    ],
)
def test_what_is_malformed_is_a_bad_request(wrong):
    with pytest.raises(BadRequest):
        protobuf.decode(wrong)


def test_every_type_of_the_table_is_known():
    kinds, messages = protobuf._table()
    assert set(kinds.values()) <= set(messages)
    types = {type_name for fields in messages.values() for _, type_name, _ in fields.values()}
    assert types <= set(messages) | set(protobuf._SCALARS)


PROTO = """
syntax = "proto2";
package k8s.io.api.toys.v1;
// A toy.
message Toy {
  // message Lie { optional string lie = 9; }
  optional .k8s.io.apimachinery.pkg.apis.meta.v1.Time bought = 1;
  repeated Part parts = 2;
  map<string, bytes> data = 3;
  optional Part main = 4;
}

message Part {
  optional int32 size = 1;
}
"""
TYPES = """
type Toy struct {
\t// Bought string `json:"lie" protobuf:"bytes,9,opt,name=lie"`
\tBought *metav1.Time `json:"boughtAt,omitempty" protobuf:"bytes,1,opt,name=bought"`
\tParts []Part `json:"parts,omitempty" patchStrategy:"merge" protobuf:"bytes,2,rep,name=parts"`
\tData map[string][]byte `json:"data,omitempty" protobuf:"bytes,3,rep,name=data"`
\tPart `json:",inline" protobuf:"bytes,4,opt,name=main"`
}

type Part struct {
\tSize int32 `json:"size" protobuf:"varint,1,opt,name=size"`
}
"""


def test_the_table_is_written_from_the_definitions(tmp_path):
    folder = tmp_path / "api@v0" / "toys" / "v1"
    folder.mkdir(parents=True)
    (folder / "generated.proto").write_text(PROTO)
    (folder / "types.go").write_text(TYPES)
    protos = dict(generator.messages(tmp_path / "api@v0"))
    tags = dict(generator.structs(tmp_path / "api@v0"))
    assert generator.reachable(["k8s.io.api.toys.v1.Toy"], protos, tags) == {
        "toys.v1.Toy": {
            "1": "boughtAt time pointer", "2": "parts toys.v1.Part list", "3": "data bytes map",
            "4": "- toys.v1.Part inline",
        },
        "toys.v1.Part": {"1": "size int32 always"},
    }  # fmt: skip


WHOLE = body(
    "v1",
    "Pod",
    (1, META),
    (2, message((2, message((1, "c"), (7, message((1, "A"), (2, "x"))), (8, message((1, message((1, "cpu")))))))),),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.integers(4, len(WHOLE) - 1), st.binary(min_size=1, max_size=3))
def test_no_damage_is_worse_than_a_bad_request(position, damage):
    damaged = WHOLE[:position] + damage + WHOLE[position + len(damage) :]
    try:
        assert isinstance(protobuf.decode(damaged), dict)
    except BadRequest as error:
        assert error.message


# --- The real kubectl ----------------------------------------------------------------------------------
class Capture(ThreadingHTTPServer):
    """Takes down what is sent to it and answers 404."""

    def __init__(self):
        self.objects = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Type") == protobuf.MEDIA_TYPE:
            self.server.objects.append(protobuf.decode(sent))
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "taken down", "code": 404}
        answer = json.dumps(status).encode()
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST


@pytest.fixture
def kubectl(tmp_path):
    """Runs kubectl against the capture and returns the first object it sent in protobuf."""
    server = Capture()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def run(command):
        program = Path(sys.executable).with_name("kubectl")
        address = f"http://127.0.0.1:{server.server_port}"
        subprocess.run(
            [program, "--server", address, *shlex.split(command)],
            capture_output=True,
            timeout=60,
            env={"HOME": str(tmp_path), "KUBECACHEDIR": str(tmp_path / "cache")},
        )
        return server.objects[0]

    yield run
    server.shutdown()
    server.server_close()
    thread.join()


TEMPLATE = {"containers": [{"name": "nginx", "image": "nginx", "ports": [{"containerPort": 80}]}]}


@pytest.mark.kubectl
@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (
            "create configmap c --from-literal=a=b --from-literal=e=",
            {"metadata": {"name": "c"}, "data": {"a": "b", "e": ""}},
        ),
        ("create secret generic s --from-literal=p=hello", {"metadata": {"name": "s"}, "data": {"p": "aGVsbG8="}}),
        ("create namespace demo", {"metadata": {"name": "demo"}}),
        ("create serviceaccount robot", {"metadata": {"name": "robot"}}),
        (
            "create deployment web --image=nginx --replicas=0 --port=80",
            {
                "metadata": {"name": "web", "labels": {"app": "web"}},
                "spec": {
                    "replicas": 0,
                    "selector": {"matchLabels": {"app": "web"}},
                    "template": {"metadata": {"labels": {"app": "web"}}, "spec": TEMPLATE},
                },
            },
        ),
        (
            "create service nodeport s --tcp=80:8080",
            {
                "metadata": {"name": "s", "labels": {"app": "s"}},
                "spec": {
                    "type": "NodePort",
                    "selector": {"app": "s"},
                    "ports": [{"name": "80-8080", "protocol": "TCP", "port": 80, "targetPort": 8080}],
                },
            },
        ),
        ("create token robot --duration=10m", {"spec": {"expirationSeconds": 600}, "status": {"token": ""}}),
        (
            "auth can-i --list --namespace demo",
            {"spec": {"namespace": "demo"}, "status": {"incomplete": False}},
        ),
        ("auth whoami", {}),
    ],
)  # fmt: skip
def test_what_kubectl_sends_is_understood(kubectl, command, sent):
    obj = kubectl(command)
    assert {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")} == sent
