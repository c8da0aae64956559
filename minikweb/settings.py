"""Every setting and where it comes from. Nothing else reads the environment."""

import contextlib
import fcntl
import hashlib
import os
import socket
import struct
import sys
import tempfile
from pathlib import Path

import dj_database_url
from csp.constants import NONCE

BASE_DIR = Path(__file__).resolve().parent.parent

# --- The installation ---------------------------------------------------------------------------
DATA_DIR = Path(os.environ.get("MINIKWEB_DATA", BASE_DIR / ".minikweb")).resolve()
RUN_DIR = Path(os.environ.get("MINIKWEB_RUN", DATA_DIR / "run"))
if len(str(RUN_DIR)) > 70:  # a socket's path must stay under 108 bytes (104 on macOS), its node's name included
    RUN_DIR = Path(tempfile.gettempdir()) / f"minikweb-{hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:12]}"
BIND = os.environ.get("MINIKWEB_BIND", "127.0.0.1")
HTTP_PORT = int(os.environ.get("MINIKWEB_HTTP_PORT", "8000"))
API_PORT = int(os.environ.get("MINIKWEB_API_PORT", "6443"))


def _own_addresses() -> list[str]:
    """The IPv4 addresses under which others may know this machine; the one towards the network first.

    Asks the kernel alone: a class may sit on a network without a way out and without DNS.
    """
    found = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: only asks which way it would go
        found.append(probe.getsockname()[0])
    get_address = 0x8915 if sys.platform == "linux" else 0xC0206921  # SIOCGIFADDR
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            if not name.startswith(("docker", "br-", "veth", "virbr", "bridge")):  # networks within this machine
                with contextlib.suppress(OSError):  # an interface without an address
                    answer = fcntl.ioctl(probe.fileno(), get_address, struct.pack("256s", name.encode()[:15]))
                    found.append(socket.inet_ntoa(answer[20:24]))
    return [address for address in dict.fromkeys(found) if not address.startswith("127.")]


# Beyond loopback everybody signs in (minikweb.people), and the pages answer to the names of this machine alone.
SIGN_IN = BIND not in ("127.0.0.1", "localhost", "::1")
EVERYWHERE = BIND in ("0.0.0.0", "::")
ADDRESSES = _own_addresses() if EVERYWHERE else [BIND] if SIGN_IN else []
OWN_HOSTS = [f"[{name}]" if ":" in name else name for name in ADDRESSES]
OWN_HOSTS += [socket.gethostname(), f"{socket.gethostname()}.local"] if EVERYWHERE else []
OWN_HOSTS += [name for name in os.environ.get("MINIKWEB_HOSTS", "").split(",") if name]
INGRESS_HTTP_PORT = int(os.environ.get("MINIKWEB_INGRESS_HTTP_PORT", "8080"))
INGRESS_HTTPS_PORT = int(os.environ.get("MINIKWEB_INGRESS_HTTPS_PORT", "8443"))
NODES = int(os.environ.get("MINIKWEB_NODES", "3"))
RUNTIME = os.environ.get("MINIKWEB_RUNTIME", "auto")  # auto, docker or simulated
# Without a sign of life for so many seconds a node is NotReady (kube-controller-manager's node-monitor-grace-period).
NODE_MONITOR_GRACE_SECONDS = float(os.environ.get("MINIKWEB_NODE_MONITOR_GRACE", "40"))
# A kubeconfig turns the pages and the lessons towards a cluster that is not ours.
KUBECONFIG = os.environ.get("MINIKWEB_KUBECONFIG", "")

# The API server's local door and what every component shows there; see client/kubeconfig.py.
API_SOCKET = RUN_DIR / "apiserver.sock"


def service_socket(namespace: str, name: str) -> Path:
    """Where a process of this machine answers for a Service that has no pods; the API server's proxy looks there."""
    return RUN_DIR / f"service-{hashlib.sha256(f'{namespace}/{name}'.encode()).hexdigest()[:12]}.sock"


# The operators to run, by name and separated by commas; all of them if empty (see operators/known.py).
OPERATORS = os.environ.get("MINIKWEB_OPERATORS", "")
# How Applications may reach git: a path or file:// would show them the files of this machine.
GIT_PROTOCOLS = tuple(os.environ.get("MINIKWEB_GIT_PROTOCOLS", "http,https,ssh,git").split(","))

# The git server in the box: its repositories, and what they are made of when they are first asked for.
GIT_DIR = DATA_DIR / "git"
GIT_EXAMPLES = BASE_DIR / "lessons" / "git"

# Helm: the binary (else that in PATH), charts that come along and charts written in the pages, by person.
HELM = os.environ.get("MINIKWEB_HELM", "")
CACHE_DIR = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minikweb"
CHARTS_DIR = BASE_DIR / "lessons" / "charts"
OWN_CHARTS_DIR = DATA_DIR / "charts"

# --- Broker: the Redis protocol everywhere; without REDIS_URL `up` starts an embedded server ------
REDIS_URL = os.environ.get("REDIS_URL", "")
EMBEDDED_BROKER = not REDIS_URL
BROKER_DIR = DATA_DIR / "broker"
BROKER_URL_FILE = BROKER_DIR / "url"  # made by `up`
if EMBEDDED_BROKER and BROKER_URL_FILE.exists():
    REDIS_URL = BROKER_URL_FILE.read_text().strip()

# --- Django -------------------------------------------------------------------------------------
SECRET_KEY_FILE = DATA_DIR / "secret-key"  # made by `up` at first start
SECRET_KEY = SECRET_KEY_FILE.read_text().strip() if SECRET_KEY_FILE.exists() else "insecure-until-up-has-run"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *OWN_HOSTS]
ROOT_URLCONF = "minikweb.urls"
ASGI_APPLICATION = "minikweb.asgi.application"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The editor sends a text three times (as it is, as it was opened, as it was before), and an object may weigh 1.5 MB.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "django_htmx",
    "csp",
    "minikweb.store",
    "minikweb.dashboard",
    "minikweb.tutorial",
    "minikweb.quiz",
    "minikweb.people",
    "minikweb.classroom",
    "minikweb",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "minikweb.people.middleware.ActorMiddleware",
    "minikweb.dashboard.errors.ApiErrorMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]

# --- Databases: the cluster's tables belong to the API server alone; people's belong to the pages --
_sqlite = {
    "ENGINE": "django.db.backends.sqlite3",
    "CONN_MAX_AGE": None,
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-65536;"
        "PRAGMA mmap_size=268435456;PRAGMA wal_autocheckpoint=4000;",
    },
}
DATABASE_URL = os.environ.get("DATABASE_URL", "")
if DATABASE_URL:
    _server = dj_database_url.parse(DATABASE_URL, conn_max_age=None, conn_health_checks=True)
    DATABASES = {"default": _server, "cluster": dict(_server)}
else:
    DATABASES = {
        "default": {**_sqlite, "NAME": DATA_DIR / "web.sqlite3"},
        "cluster": {**_sqlite, "NAME": DATA_DIR / "cluster.sqlite3"},
    }
DATABASE_ROUTERS = ["minikweb.store.router.ClusterRouter"]

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "minikweb"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "minikweb-csrf"
LOGIN_URL = "people:sign_in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- Languages: French first ----------------------------------------------------------------------
USE_I18N = True
LANGUAGE_CODE = "fr"
# What the commands say: French where the terminal is, else English.
TERMINAL_LANGUAGE = (
    "fr"
    if (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", ""))
    .lower()
    .startswith("fr")
    else "en"
)
LANGUAGES = [("fr", "Français"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "minikweb" / "management" / "locale"]  # the apps have their own

# --- Static files: built by `make assets` into static/dist ------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = None  # served from where they are built
WHITENOISE_USE_FINDERS = True

# --- Pages load nothing from another host ------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", NONCE],  # the nonce is given out by the page of the YAML editor alone
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'self'"],
        "form-action": ["'self'"],
    }
}

CHANNEL_LAYERS = (
    {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}}
    if REDIS_URL
    else {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
)

# --- Lessons -------------------------------------------------------------------------------------------
LESSONS_DIRS = [BASE_DIR / "lessons"] + [Path(p) for p in os.environ.get("MINIKWEB_LESSONS", "").split(os.pathsep) if p]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname).1s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("MINIKWEB_LOG", "INFO")},
    "loggers": {"django.channels.server": {"level": "WARNING"}, "urllib3": {"level": "WARNING"}},
}
