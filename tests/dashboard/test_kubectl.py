"""The command that a click equals."""

from minikweb.dashboard import kubectl


def test_it_works():
    assert kubectl.scale("demo", "Deployment", "web", 5) == "kubectl scale deployment/web --replicas=5 -n demo"
    assert kubectl.rollout("undo", "demo", "web", "--to-revision=2") == (
        "kubectl rollout undo deployment/web --to-revision=2 -n demo"
    )


def test_a_reason_becomes_a_second_command_and_is_quoted():
    assert kubectl.set_image("demo", "web", {"web": "demo:2"}, "it's faster").splitlines() == [
        "kubectl set image deployment/web web=demo:2 -n demo",
        """kubectl annotate deployment/web 'kubernetes.io/change-cause=it'"'"'s faster' --overwrite -n demo""",
    ]


def test_logs_say_which_container_and_which_life_of_it():
    assert kubectl.logs("demo", "web-1", "app", previous=True, tail="100") == (
        "kubectl logs web-1 -c app --previous --tail=100 -n demo"
    )


def test_what_has_no_namespace_gets_none():
    assert kubectl.delete("", "Node", "node-1") == "kubectl delete node node-1"
