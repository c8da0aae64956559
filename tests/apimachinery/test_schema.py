import pytest

from minikweb.apimachinery import schema
from minikweb.apimachinery.schema import Definitions


def deployment(**spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def pods(**pod_spec):
    return {"template": {"spec": pod_spec}}


def test_it_works(deployment_schema):
    good = deployment(replicas=3, **pods(containers=[{"name": "a", "ports": [{"containerPort": 80}]}]))
    assert schema.unknown_fields(good, deployment_schema) == []
    assert schema.validate(good, deployment_schema) == []


def test_it_names_unknown_fields_with_their_path(deployment_schema):
    bad = deployment(foo=1, **pods(containers=[{"name": "a"}, {"name": "b", "imag": "x", "resources": {"limit": {}}}]))
    bad["metadata"]["label"] = {}
    assert schema.unknown_fields(bad, deployment_schema) == [
        "metadata.label",
        "spec.foo",
        "spec.template.spec.containers[1].imag",
        "spec.template.spec.containers[1].resources.limit",
    ]


def test_keys_of_maps_are_free(definitions):
    config_map = {
        "data": {"anything": "x"},
        "metadata": {"labels": {"a": "b"}, "managedFields": [{"fieldsV1": {"f:x": {}}}]},
    }
    assert schema.unknown_fields(config_map, definitions.of("io.k8s.api.core.v1.ConfigMap")) == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"replicas": "3"}, "string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"replicas": 1.5}, "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"replicas": 2**31}, "number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        ({"paused": 1}, "number into Go struct field DeploymentSpec.spec.paused of type bool"),
        ({"template": []}, "array into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec"),
        (pods(containers={}),
         "object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container"),
        (pods(containers=[{"env": [{"value": 1}]}]),
         "number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string"),
        (pods(nodeSelector={"a": True}),
         "bool into Go struct field PodSpec.spec.template.spec.nodeSelector of type string"),
        (pods(nodeSelector="a"),
         "string into Go struct field PodSpec.spec.template.spec.nodeSelector of type map[string]string"),
    ],
)  # fmt: skip
def test_it_says_what_has_the_wrong_type_as_go_does(deployment_schema, spec, message):
    assert schema.validate(deployment(**spec), deployment_schema) == [f"json: cannot unmarshal {message}"]


def test_quantities_and_ports_have_two_forms(deployment_schema):
    container = {"resources": {"limits": {"cpu": 1, "memory": "1Gi"}}, "livenessProbe": {"httpGet": {"port": "http"}}}
    assert schema.validate(deployment(**pods(containers=[container])), deployment_schema) == []
    container["resources"]["limits"]["cpu"] = "much"
    [message] = schema.validate(deployment(**pods(containers=[container])), deployment_schema)
    assert message.startswith("quantities must match the regular expression")


def test_null_fits_everywhere(deployment_schema):
    assert schema.validate(deployment(replicas=None, template=None), deployment_schema) == []


def test_pruning_drops_what_is_unknown_or_null(deployment_schema):
    obj = deployment(foo=1, paused=None, **pods(containers=[{"name": "a", "imag": "x"}]))
    schema.prune(obj, deployment_schema)
    assert obj == deployment(**pods(containers=[{"name": "a"}]))


def test_it_knows_merge_keys_and_list_types(deployment_schema):
    containers = deployment_schema.field("spec").field("template").field("spec").field("containers")
    assert containers.merge_key == "name" and containers.patch_strategies == ("merge",)
    assert containers.list_type == "map" and containers.map_keys == ("name",) and not containers.is_atomic
    command = containers.items.field("command")
    assert command.list_type == "atomic" and command.is_atomic
    ports = containers.items.field("ports")
    assert ports.map_keys == ("containerPort", "protocol")
    assert deployment_schema.field("spec").field("selector").is_atomic
    assert deployment_schema.field("spec").field("strategy").patch_strategies == ("retainKeys",)


def test_open_objects_take_anything():
    kept = {"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-preserve-unknown-fields": True}
    definitions = Definitions({"any": {"type": "object"}, "kept": kept})
    for name in ("any", "kept"):
        obj = {"a": "x", "deep": {"er": None}}
        assert schema.unknown_fields(obj, definitions.of(name)) == []
        schema.prune(obj, definitions.of(name))
        assert obj == {"a": "x", "deep": {"er": None}}


def test_a_definition_may_refer_to_itself():
    reference = {"allOf": [{"$ref": "#/components/schemas/node"}], "default": {}}
    definitions = Definitions({"node": {"type": "object", "properties": {"next": reference, "n": {"type": "integer"}}}})
    node = definitions.of("node")
    assert node.field("next") is node
    assert schema.unknown_fields({"next": {"next": {"m": 1}}}, node) == ["next.next.m"]
