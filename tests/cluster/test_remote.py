"""Pages and lessons on a cluster that is known by its kubeconfig alone: `make run-web`."""

import http.cookiejar
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest
import yaml

from tests.running import BASE, STOP_SECONDS, free_port, until

pytestmark = pytest.mark.cluster


class Pages:
    """`manage.py web` with a kubeconfig, in a data folder of its own, and a browser without a screen."""

    def __init__(self, folder, kubeconfig):
        self.port = free_port()
        self.output = folder / "web.log"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MINIKWEB_")}
        self.environment |= {
            "MINIKWEB_DATA": str(folder / "pages"),
            "MINIKWEB_KUBECONFIG": str(kubeconfig),
            "MINIKWEB_HTTP_PORT": str(self.port),
            "LC_ALL": "C.UTF-8",
        }
        self.cookies = http.cookiejar.CookieJar()
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def start(self):
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "web"], cwd=BASE, env=self.environment, stdout=output, stderr=output
            )
        until(self._answers, "the pages")
        return self

    def _answers(self):
        assert self.process.poll() is None, self.said()
        try:
            return self.get("/")
        except urllib.error.HTTPError:
            raise
        except OSError:
            return None

    def said(self):
        return self.output.read_text()

    def get(self, path):
        with self.browser.open(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.read().decode()

    def post(self, path, **form):
        token = next(cookie.value for cookie in self.cookies if cookie.name == "minikweb-csrf")
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            urllib.parse.urlencode({"csrfmiddlewaretoken": token, **form}).encode(),
            {"Origin": f"http://127.0.0.1:{self.port}"},
        )
        with self.browser.open(request, timeout=30) as answer:
            return answer.read().decode()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def pages(cluster, tmp_path_factory):
    pages = Pages(tmp_path_factory.mktemp("remote"), cluster.kubeconfig)
    try:
        yield pages.start()
    finally:
        pages.stop()


def test_it_works(pages, cluster):
    assert "answers: Kubernetes v1." in pages.said()
    for pod in cluster.wait_for_pods(3):
        until(lambda name=pod["metadata"]["name"]: name in pages.get("/"), "the pod in the tree")


def test_what_is_done_in_the_pages_is_done_to_that_cluster(pages, cluster):
    cluster.kubectl("create", "namespace", "afar")
    cluster.kubectl("-n", "afar", "create", "deployment", "web", "--image=minikweb/demo:1")
    until(lambda: "web" in pages.get("/?ns=afar"), "the Deployment in the tree")
    pages.post("/objects/deployment/afar/web/do/scale/", replicas="2")
    cluster.wait_for_pods(2, "afar")
    cluster.kubectl("delete", "namespace", "afar")


def test_a_lesson_s_check_looks_at_that_cluster(pages, cluster):
    before = set(_namespaces(cluster))
    pages.get("/lessons/deployment/roll-out/")
    pages.post("/lessons/deployment/start")
    (namespace,) = until(lambda: set(_namespaces(cluster)) - before, "the lesson's namespace")
    done = 'data-step-done="roll-out"'
    assert done not in pages.get("/lessons/deployment/roll-out/")
    cluster.kubectl("-n", namespace, "create", "deployment", "web", "--image=minikweb/demo:1", "--replicas=3")
    until(lambda: done in pages.get("/lessons/deployment/roll-out/"), "the step turning green")
    cluster.kubectl("delete", "namespace", namespace)


def _namespaces(cluster):
    return [one["metadata"]["name"] for one in cluster.client.list("Namespace")["items"]]


def test_a_kubeconfig_that_cannot_be_used_is_a_sentence(tmp_path):
    pages = Pages(tmp_path, tmp_path / "missing")
    done = subprocess.run(
        [sys.executable, "manage.py", "web"],
        cwd=BASE,
        env=pages.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"minikweb: cannot read the kubeconfig .*: No such file or directory\n", done.stderr)


def test_a_cluster_that_does_not_answer_yet_is_told_and_waited_for(tmp_path):
    server = {"name": "c", "cluster": {"server": f"https://127.0.0.1:{free_port()}"}}
    context = {"name": "x", "context": {"cluster": "c"}}
    config = tmp_path / "config"
    config.write_text(yaml.safe_dump({"clusters": [server], "contexts": [context], "current-context": "x"}))
    pages = Pages(tmp_path, config).start()
    try:
        assert "does not answer yet" in pages.said()
        assert "ne répond pas" in pages.get("/")
    finally:
        pages.stop()
