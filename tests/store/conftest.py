import pytest
from django.core.management import call_command

from minikweb.store.database import Database
from minikweb.store.storage import Storage
from tests.store.database import cluster_database, copy_of


@pytest.fixture(scope="session")
def migrated(tmp_path_factory, django_db_blocker):
    """The file of a database with empty tables."""
    path = tmp_path_factory.mktemp("migrated") / "cluster.sqlite3"
    with django_db_blocker.unblock(), cluster_database(path):
        call_command("migrate", "store", database="cluster", verbosity=0)
    return path


@pytest.fixture
def storage(migrated, tmp_path, django_db_blocker):
    """An open store on a database of its own."""
    with django_db_blocker.unblock(), cluster_database(copy_of(migrated, tmp_path)):
        storage = Storage(Database())
        storage.open()
        yield storage
