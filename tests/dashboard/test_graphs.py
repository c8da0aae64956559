"""Graphs of what pods and nodes use."""

import pytest

from minikweb.apimachinery import errors
from minikweb.dashboard import usage
from minikweb.dashboard.views import graphs


class Metrics:
    """A client that only knows what is used."""

    def __init__(self):
        self.pods = {}
        self.nodes = {"node-1": ("250m", "1Gi")}

    def list(self, kind, *arguments):
        if kind == "NodeMetrics":
            return {"items": [{"metadata": {"name": name}, "usage": used(*one)} for name, one in self.nodes.items()]}
        if self.pods is None:
            raise errors.ServiceUnavailable("not yet")
        return {
            "items": [
                {"metadata": {"name": name, "namespace": "demo"}, "containers": [{"usage": used(*one)}] * 2}
                for name, one in self.pods.items()
            ]
        }


def used(cpu, memory):
    return {"cpu": cpu, "memory": memory}


@pytest.fixture
def history(monkeypatch):
    made = usage.History()
    monkeypatch.setattr(made, "_run", lambda client: None)  # the test samples
    return made


def test_it_works(history):
    metrics = Metrics()
    metrics.pods = {"web-1": ("100m", "10Mi")}
    for now in (1000.0, 1015.0):
        history.sample(metrics, now)
    assert history.of(metrics, "Node", "", "node-1") == [(1000.0, 0.25, 2**30), (1015.0, 0.25, 2**30)]
    assert history.of(metrics, "Pod", "demo", "web-1")[-1] == (1015.0, pytest.approx(0.2), 20 * 2**20)


def test_what_is_no_more_is_forgotten_and_silence_is_no_error(history):
    metrics = Metrics()
    metrics.pods = {"web-1": ("100m", "10Mi")}
    history.sample(metrics, 0.0)
    metrics.pods = None
    history.sample(metrics, 15.0)
    assert len(history.of(metrics, "Pod", "demo", "web-1")) == 1
    metrics.pods = {"web-2": ("1", "1Mi")}
    history.sample(metrics, 10_000.0)
    assert history.of(metrics, "Pod", "demo", "web-1") == []


def test_a_history_is_bounded(history):
    metrics = Metrics()
    for now in range(usage.SAMPLES + 50):
        history.sample(metrics, float(now))
    assert len(history.of(metrics, "Node", "", "node-1")) == usage.SAMPLES


def test_a_workload_uses_what_its_pods_use_together():
    one, two = [(0.0, 1.0, 10.0), (15.0, 2.0, 20.0)], [(15.0, 3.0, 5.0)]
    assert graphs.summed([one, two]) == [(0.0, 1.0, 10.0), (15.0, 5.0, 25.0)]


def test_the_curve_stays_in_its_drawing_with_the_line_of_what_is_asked_for():
    drawn = graphs.drawn("cpu", [(0.0, 0.0), (60.0, 1.0)], 2.0, str)
    assert drawn["points"] == "0.0,44.0 240.0,24.0"
    assert drawn["asked_at"] == "4.0" and drawn["minutes"] == 1
    assert drawn["label"] == "1.0 now, at most 1.0"
    assert len(graphs.drawn("cpu", [(0.0, 0.0)], 0.0, str)["points"].split()) == 2, "one sample is a line, too"


def test_a_panel_asks_for_its_graphs_and_gets_none_where_nothing_is_measured(web, monkeypatch):
    web.pod("web-1")
    page = web.get(web.path("Pod", "web-1"))
    assert f'hx-get="{web.path("Pod", "web-1", "usage/")}"' in page
    monkeypatch.setattr(usage.history, "of", lambda *arguments: [])
    assert "<svg" not in web.get(web.path("Pod", "web-1", "usage/"))
    monkeypatch.setattr(usage.history, "of", lambda *arguments: [(0.0, 0.5, 1024.0), (60.0, 0.25, 2048.0)])
    fragment = web.get(web.path("Pod", "web-1", "usage/"))
    assert 'aria-label="cpu: 0.250 now, at most 0.500"' in fragment and "<html" not in fragment
