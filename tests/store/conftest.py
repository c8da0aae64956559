import pytest
from django.core.management import call_command

from minikweb.store.database import Database
from minikweb.store.storage import Storage
from tests.store.database import ENGINE, ENGINES, cluster_database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory, django_db_blocker):
    """A database with empty tables, to be copied."""
    engine = ENGINES[ENGINE](tmp_path_factory.mktemp("migrated"))
    try:
        with django_db_blocker.unblock(), cluster_database(engine.template()):
            call_command("migrate", "store", database="cluster", verbosity=0)
        yield engine
    finally:
        engine.close()


@pytest.fixture
def storage(migrated, tmp_path, django_db_blocker):
    """An open store on a database of its own."""
    with django_db_blocker.unblock(), cluster_database(migrated.copy(tmp_path)):
        storage = Storage(Database())
        storage.open()
        yield storage
