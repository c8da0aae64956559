"""Docker's frames, and followed logs that Docker cuts short."""

from minikweb.runtime.docker.streams import Frames, Logs, joined
from minikweb.runtime.protocol import LogOptions


def frame(stream, payload):
    return bytes([stream, 0, 0, 0]) + len(payload).to_bytes(4, "big") + payload


def stamped(nanoseconds, text):
    return frame(1, b"2026-11-23T12:00:00.%09dZ %s\n" % (nanoseconds, text))


class Response:
    status_code = 200

    def __init__(self, chunks):
        self.raw, self._chunks = self, chunks

    def stream(self, size):
        yield from self._chunks

    def close(self):
        pass

    shutdown = close


class Daemon:
    """Answers one request for a log after the other, and remembers their queries."""

    base_url, api_version = "http+docker://localhost", "1.41"

    def __init__(self, *answers, tty=False):
        self.answers, self.asked, self.tty = list(answers), [], tty

    def inspect_container(self, container_id):
        return {"Config": {"Tty": self.tty}}

    def get(self, url, *, params, stream, timeout):
        self.asked.append(params)
        return Response(self.answers.pop(0))

    def _raise_for_status(self, response):
        pass


def test_frames_are_put_together_from_any_pieces():
    data = frame(1, b"one\n") + frame(1, b"two\n") + frame(2, b"oops\n")
    for size in (1, 3, 9, len(data)):
        frames = Frames(tty=False)
        found = [pair for at in range(0, len(data), size) for pair in frames.feed(data[at : at + size])]
        assert found == [(1, b"one\n"), (1, b"two\n"), (2, b"oops\n")]
    assert joined(found) == [(1, b"one\ntwo\n"), (2, b"oops\n")]


def test_a_terminal_has_no_frames():
    assert Frames(tty=True).feed(b"\x01\x00raw") == [(1, b"\x01\x00raw")]


def test_a_followed_log_that_is_cut_short_is_read_to_its_end():
    one, two, twin, three = stamped(1, b"one"), stamped(2, b"two"), stamped(2, b"twin"), stamped(3, b"three")
    daemon = Daemon([one + two], [two + twin + three])
    assert b"".join(Logs(daemon, "c", LogOptions(follow=True, tail=9))) == b"one\ntwo\ntwin\nthree\n"
    assert daemon.asked[0]["tail"] == 9
    assert daemon.asked[1]["follow"] == 0
    assert (daemon.asked[1]["since"], daemon.asked[1]["tail"]) == ("1795435200.000000002", "all")


def test_a_followed_log_that_was_whole_is_not_repeated():
    one, two = stamped(1, b"one"), stamped(1, b"two")
    daemon = Daemon([one, two], [one + two])
    assert b"".join(Logs(daemon, "c", LogOptions(follow=True))) == b"one\ntwo\n"


def test_stamps_are_kept_where_they_are_wanted():
    daemon = Daemon([stamped(1, b"one")], [stamped(1, b"one")])
    assert b"".join(Logs(daemon, "c", LogOptions(follow=True, timestamps=True))) == (
        b"2026-11-23T12:00:00.000000001Z one\n"
    )


def test_the_limit_counts_both_readings():
    daemon = Daemon([stamped(1, b"one")], [stamped(1, b"one") + stamped(2, b"two")])
    assert b"".join(Logs(daemon, "c", LogOptions(follow=True, limit_bytes=6))) == b"one\ntw"


def test_a_log_that_is_not_followed_is_read_once():
    daemon = Daemon([frame(1, b"one\n")])
    assert b"".join(Logs(daemon, "c", LogOptions())) == b"one\n"
    assert daemon.asked == [{"stdout": 1, "stderr": 1, "follow": 0, "timestamps": 0, "tail": "all"}]
