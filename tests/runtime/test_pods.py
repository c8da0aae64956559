"""What every runtime does with a pod, as far as the API shows it."""

import threading

import pytest

from minikweb.runtime.imagename import InvalidImageName
from minikweb.runtime.protocol import ContainerNotFound, ImageNotFound, LogOptions

ENDS = {"simulated.minikweb.io/duration": "0.1"}
FAILS = {"simulated.minikweb.io/crash-after": "0.1", "simulated.minikweb.io/exit-code": "3"}


def test_a_container_runs_in_its_sandbox(runtime, pods):
    sandbox_id, uid = pods.sandbox("web")
    container_id = pods.run(sandbox_id)
    status = pods.pod(uid)
    assert [s.id for s in status.sandboxes] == [sandbox_id]
    assert status.sandboxes[0].state == "ready"
    assert status.sandboxes[0].ip.startswith(runtime.subnet)
    (container,) = status.containers
    assert (container.id, container.name, container.state, container.attempt) == (container_id, "app", "running", 0)
    assert container.image == "minikweb/demo:1"
    assert container.image_id.startswith("sha256:")
    assert container.created_at <= container.started_at


def test_a_container_that_ends_tells_its_code_and_when(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    good = pods.until_ended(pods.run(sandbox_id, "exit 0", name="good", annotations=ENDS))
    bad = pods.until_ended(pods.run(sandbox_id, "exit 3", name="bad", annotations=FAILS))
    assert (good.exit_code, good.reason) == (0, "Completed")
    assert (bad.exit_code, bad.reason) == (3, "Error")
    assert bad.started_at <= bad.finished_at


def test_an_end_by_itself_is_an_event_of_its_pod(runtime, pods):
    seen = []
    arrived = threading.Event()

    def listen():
        for event in runtime.events():
            seen.append(event.pod_uid)
            arrived.set()
            return

    sandbox_id, uid = pods.sandbox()
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    pods.until(thread.is_alive)
    pods.run(sandbox_id, "sleep 1", annotations={"simulated.minikweb.io/duration": "0.3"})
    assert arrived.wait(20)
    assert seen == [uid]


def test_stopping_ends_a_container_within_its_grace(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    container_id = pods.run(sandbox_id)
    runtime.stop_container(container_id, 10)
    assert pods.container(container_id).state == "exited"
    runtime.stop_container(container_id, 10)  # again: nothing to do


def test_an_ended_container_stays_beside_its_successor(runtime, pods):
    sandbox_id, uid = pods.sandbox()
    first = pods.run(sandbox_id, "exit 1", annotations=FAILS)
    pods.until_ended(first)
    second = pods.run(sandbox_id, attempt=1)
    assert [(c.id, c.attempt) for c in pods.pod(uid).containers] == [(second, 1), (first, 0)]
    runtime.remove_container(first)
    assert [c.id for c in pods.pod(uid).containers] == [second]


def test_removing_a_sandbox_takes_its_containers_along(runtime, pods):
    sandbox_id, uid = pods.sandbox()
    _, other = pods.sandbox("other")
    pods.run(sandbox_id)
    runtime.remove_pod_sandbox(sandbox_id)
    assert pods.pod(uid) is None
    assert [status.pod.uid for status in runtime.pods()] == [other]
    runtime.remove_pod_sandbox(sandbox_id)  # again: nothing to do


def test_what_does_not_exist_is_said(runtime):
    with pytest.raises(ContainerNotFound):
        runtime.start_container("f" * 64)
    with pytest.raises(ContainerNotFound):
        runtime.logs("f" * 64, LogOptions())
    runtime.stop_container("f" * 64, 1)
    runtime.remove_container("f" * 64)
    assert runtime.pods("no-such-uid") == []


def test_images(runtime):
    absent = {"simulated.minikweb.io/image": "absent"}
    assert runtime.image_id("minikweb/demo:1", {}).startswith("sha256:")
    assert runtime.image_id("minikweb/no-such-thing:9", absent) is None
    with pytest.raises(ImageNotFound) as failure:
        runtime.pull_image("minikweb/no-such-thing:9", absent)
    assert failure.value.reason == "ErrImagePull"
    with pytest.raises(InvalidImageName) as failure:
        runtime.image_id("Not An Image", {})
    assert failure.value.reason == "InvalidImageName"
    assert "invalid reference format" in failure.value.message


def test_the_log_has_stamps_a_tail_and_a_limit(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    container_id = pods.run(sandbox_id, "echo one; echo two; echo three", annotations=ENDS)
    pods.until_ended(container_id)
    whole = b"".join(runtime.logs(container_id, LogOptions())).splitlines(keepends=True)
    assert len(whole) >= 2
    assert all(line.endswith(b"\n") for line in whole)
    assert b"".join(runtime.logs(container_id, LogOptions(tail=1))) == whole[-1]
    assert b"".join(runtime.logs(container_id, LogOptions(tail=0))) == b""
    assert b"".join(runtime.logs(container_id, LogOptions(limit_bytes=5))) == b"".join(whole)[:5]
    stamp, _, text = b"".join(runtime.logs(container_id, LogOptions(tail=1, timestamps=True))).partition(b" ")
    assert text == whole[-1]
    assert stamp.endswith(b"Z") and stamp[4:5] == b"-"


def test_a_followed_log_ends_with_its_container(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    container_id = pods.run(sandbox_id, "echo begun; sleep 1; echo done", annotations=ENDS)
    followed = b"".join(runtime.logs(container_id, LogOptions(follow=True)))
    assert pods.container(container_id).state == "exited"
    assert followed == b"".join(runtime.logs(container_id, LogOptions()))


def test_closing_a_followed_log_ends_a_read_that_waits(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    container_id = pods.run(sandbox_id, "echo begun; exec sleep 100")
    stream = runtime.logs(container_id, LogOptions(follow=True))
    next(stream)
    reader = threading.Thread(target=lambda: list(stream), daemon=True)
    reader.start()
    stream.close()
    reader.join(10)
    assert not reader.is_alive()
