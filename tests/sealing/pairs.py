"""Key pairs for the tests, small ones: a large one takes a second."""

from datetime import UTC, datetime, timedelta

from minikweb.sealing import keys

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def pair(name="sealed-secrets-key1", now=NOW) -> keys.KeyPair:
    secret = keys.generate(now, bits=2048)
    secret["metadata"]["name"] = name
    return keys.read(secret)


FIRST = pair()
SECOND = pair("sealed-secrets-key2", NOW + timedelta(days=30))
