"""The work queue of one controller, in Redis: which keys are to be looked at, by whom, and when again.

Source of the rules: client-go util/workqueue (queue.go, delaying_queue.go, default_rate_limiters.go): a key is in work
by one worker at a time; added again meanwhile it is looked at once more afterwards; duplicates merge. New here: what a
worker holds has a deadline, so that a worker's death loses nothing.

Keys of a queue (`<prefix>:<name>:…`), times in seconds by the broker's clock:
  ready       zset  key → when it was added; looked at in this order
  again       set   keys added while in work
  processing  zset  key → until when its worker must have said that it lives
  holders     hash  key → the WorkQueue instance that holds it
  due         zset  key → when to add it
  failures    hash  key → how often it failed in a row
"""

from __future__ import annotations

import threading
import time
import uuid

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

HOLD_SECONDS = 10.0  # a held key is another's after this without `renew`
FIRST_BACKOFF, LONGEST_BACKOFF = 0.005, 60.0  # seconds; doubled with each failure

_NOW = "local t = redis.call('TIME'); local now = t[1] + t[2] / 1000000\n"

# KEYS of all scripts: ready again processing holders due failures
_ADD = (
    _NOW
    + """
for _, key in ipairs(ARGV) do
  redis.call('ZREM', KEYS[5], key)
  if redis.call('ZSCORE', KEYS[3], key) then redis.call('SADD', KEYS[2], key)
  else redis.call('ZADD', KEYS[1], 'NX', now, key) end
end
return redis.call('ZCARD', KEYS[1])
"""
)
_GET = (
    _NOW
    + """
local popped = redis.call('ZPOPMIN', KEYS[1])
if not popped[1] then return {} end
redis.call('ZADD', KEYS[3], now + ARGV[2], popped[1])
redis.call('HSET', KEYS[4], popped[1], ARGV[1])
return {popped[1], redis.call('ZCARD', KEYS[1])}
"""
)
_DONE = (
    _NOW
    + """
local key = ARGV[2]
if redis.call('HGET', KEYS[4], key) ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[4], key)
redis.call('ZREM', KEYS[3], key)
if ARGV[3] == 'forget' then redis.call('HDEL', KEYS[6], key) end
if ARGV[4] ~= '' then
  local due = redis.call('ZSCORE', KEYS[5], key)
  local wanted = now + ARGV[4]
  if not due or tonumber(due) > wanted then redis.call('ZADD', KEYS[5], wanted, key) end
end
if redis.call('SREM', KEYS[2], key) == 1 then redis.call('ZADD', KEYS[1], 'NX', now, key) end
return 1
"""
)
_ADD_AFTER = (
    _NOW
    + """
local due = redis.call('ZSCORE', KEYS[5], ARGV[1])
local wanted = now + ARGV[2]
if not due or tonumber(due) > wanted then redis.call('ZADD', KEYS[5], wanted, ARGV[1]) end
return 1
"""
)
_FAIL = (
    _NOW
    + """
local key = ARGV[2]
if redis.call('HGET', KEYS[4], key) ~= ARGV[1] then return '0' end
local failures = redis.call('HINCRBY', KEYS[6], key, 1)
local seconds = math.min(ARGV[3] * 2 ^ math.min(failures - 1, 30), tonumber(ARGV[4]))
redis.call('HDEL', KEYS[4], key)
redis.call('ZREM', KEYS[3], key)
if redis.call('SREM', KEYS[2], key) == 1 then redis.call('ZADD', KEYS[1], 'NX', now, key)
else redis.call('ZADD', KEYS[5], now + seconds, key) end
return tostring(seconds)
"""
)
_TAKE_OVER = (
    _NOW
    + """
for _, key in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  if redis.call('HGET', KEYS[4], key) ~= ARGV[1] then
    redis.call('ZREM', KEYS[3], key); redis.call('HDEL', KEYS[4], key); redis.call('SREM', KEYS[2], key)
    redis.call('ZADD', KEYS[1], 'NX', now, key)
  end
end
return redis.call('ZCARD', KEYS[1])
"""
)
_RENEW = (
    _NOW
    + """
for i = 3, #ARGV do
  if redis.call('HGET', KEYS[4], ARGV[i]) == ARGV[1] then redis.call('ZADD', KEYS[3], 'XX', now + ARGV[2], ARGV[i]) end
end
return 1
"""
)
_TICK = (
    _NOW
    + """
local function add(key)
  if redis.call('ZSCORE', KEYS[3], key) then redis.call('SADD', KEYS[2], key)
  else redis.call('ZADD', KEYS[1], 'NX', now, key) end
end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now)) do
  redis.call('ZREM', KEYS[3], key); redis.call('HDEL', KEYS[4], key); redis.call('SREM', KEYS[2], key); add(key)
end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now)) do
  redis.call('ZREM', KEYS[5], key); add(key)
end
local first = redis.call('ZRANGE', KEYS[5], 0, 0, 'WITHSCORES')
local wait = '-1'
if first[2] then wait = tostring(tonumber(first[2]) - now) end
return {redis.call('ZCARD', KEYS[1]), wait}
"""
)
_SCRIPTS = (_ADD, _GET, _DONE, _FAIL, _ADD_AFTER, _TAKE_OVER, _RENEW, _TICK)


class WorkQueue:
    """Thread-safe; raises redis.RedisError when the broker is away. Keys are `namespace/name`."""

    def __init__(self, connection: redis.Redis, name: str, *, prefix: str = "minikweb", hold: float = HOLD_SECONDS):
        self.name = name
        self._redis = connection
        self._hold = hold
        self._instance = uuid.uuid4().hex
        parts = ("ready", "again", "processing", "holders", "due", "failures")
        self._keys = [f"{prefix}:queue:{name}:{part}" for part in parts]
        self._scripts = {text: connection.register_script(text) for text in _SCRIPTS}
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def add(self, *keys: str) -> int:
        """To be looked at as soon as possible; returns how many keys are ready."""
        return self._run(_ADD, *keys) if keys else 0

    def add_after(self, key: str, seconds: float) -> None:
        """To be looked at in `seconds`; an earlier date stays."""
        self._run(_ADD_AFTER, key, seconds)

    def add_rate_limited(self, key: str) -> float:
        """To be looked at again after a failure: 5 ms, doubled with each, 60 s at most. Returns the seconds."""
        failures = self._redis.hincrby(self._keys[5], key, 1)
        seconds = min(FIRST_BACKOFF * 2 ** min(failures - 1, 30), LONGEST_BACKOFF)
        self.add_after(key, seconds)
        return seconds

    def failures(self, key: str) -> int:
        """How often it failed in a row."""
        return int(self._redis.hget(self._keys[5], key) or 0)

    def get(self) -> str | None:
        """The next key, held by this process until `done`; None if nothing is ready."""
        return self.take()[0]

    def take(self) -> tuple[str | None, int]:
        """`get`, and how many keys are still ready."""
        while True:
            found = self._run(_GET, self._instance, self._hold)
            if not found:
                return None, 0
            key = found[0].decode()
            with self._lock:
                if key not in self._held:
                    self._held.add(key)
                    return key, found[1]
            # A thread of ours still works on it although its hold had run out (we were stopped, or the broker is
            # new): it holds the key again, and looks at it once more when it is done.
            self.add(key)

    def done(self, key: str, *, forget: bool = False, after: float | None = None) -> None:
        """The key is worked on no more; if it was added meanwhile it is ready again.

        `forget` clears its failures, `after` is the seconds to the next look.
        """
        self._let_go(key)
        self._run(_DONE, self._instance, key, "forget" if forget else "", "" if after is None else after)

    def fail(self, key: str) -> float:
        """`done` after a failure: it is ready again after its back-off, whose seconds are returned."""
        self._let_go(key)
        return float(self._run(_FAIL, self._instance, key, FIRST_BACKOFF, LONGEST_BACKOFF))

    def _let_go(self, key: str) -> None:
        """Before the broker is told: once it knows, another thread may hold the key."""
        with self._lock:
            self._held.discard(key)

    def forget(self, key: str) -> None:
        """It succeeded: its back-off begins anew."""
        self._redis.hdel(self._keys[5], key)

    def take_over(self) -> int:
        """Makes ready what other processes hold: for the one that knows that they are dead. Returns how many are."""
        return self._run(_TAKE_OVER, self._instance)

    def renew(self) -> None:
        """Says that the keys held by this process are still worked on."""
        with self._lock:
            held = list(self._held)
        if held:
            self._run(_RENEW, self._instance, self._hold, *held)

    def tick(self) -> tuple[int, float | None]:
        """Makes due keys and keys of dead workers ready.

        Returns how many keys are ready, and the seconds to the next due one (None if there is none).
        """
        ready, wait = self._run(_TICK)
        seconds = float(wait)
        return int(ready), (max(0.0, seconds) if seconds != -1 else None)

    def __len__(self) -> int:
        """How many keys are ready."""
        return self._redis.zcard(self._keys[0])

    def _run(self, script: str, *args: str | float):
        return self._scripts[script](keys=self._keys, args=args)


class Epoch:
    """Tells a broker that has forgotten (restarted empty, flushed) from the one that `name` has filled."""

    def __init__(self, connection: redis.Redis, name: str, *, prefix: str = "minikweb"):
        self._redis = connection
        self._key = f"{prefix}:epoch:{name}"

    def is_new(self) -> bool:
        """Whether the broker lacks the mark of having been filled."""
        return not self._redis.exists(self._key)

    def mark(self) -> None:
        """Everything has been enqueued."""
        self._redis.set(self._key, f"{time.time():.3f}")


def connect(url: str) -> redis.Redis:
    """A connection pool to the broker. One retry, for a connection that died while idle; short timeouts."""
    once = Retry(NoBackoff(), 1)
    return redis.Redis.from_url(url, socket_timeout=3.0, socket_connect_timeout=1.0, retry=once)
