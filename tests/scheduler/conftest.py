from tests.controllers.conftest import migrated, start, storage

__all__ = ["migrated", "start", "storage"]
