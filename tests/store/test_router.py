import pytest

from minikweb.store.models import Counter, Label, Object, Revision
from minikweb.store.router import ClusterRouter


@pytest.mark.parametrize("model", [Object, Label, Revision, Counter])
def test_the_cluster_has_a_database_of_its_own(model):
    router = ClusterRouter()

    assert router.db_for_read(model) == router.db_for_write(model) == "cluster"
    assert router.allow_migrate("cluster", "store")
    assert not router.allow_migrate("default", "store")


def test_people_and_pages_are_elsewhere():
    router = ClusterRouter()

    assert router.allow_migrate("default", "sessions")
    assert not router.allow_migrate("cluster", "sessions")
