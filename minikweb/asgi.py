"""The pages' process: Django for HTTP, Channels for WebSockets (see management/commands/web.py)."""

import os
import warnings

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import SessionMiddlewareStack
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minikweb.settings")
pages = get_asgi_application()

from minikweb.dashboard.origin import SameOrigin  # noqa: E402  (Django has to be set up first)
from minikweb.people.middleware import ActorSockets  # noqa: E402
from minikweb.urls import websocket_urlpatterns  # noqa: E402

# WhiteNoise answers with a file, which Django under ASGI reads at once: fine for files of this size.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

sockets = ActorSockets(URLRouter(websocket_urlpatterns), websocket_urlpatterns)
application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": AllowedHostsOriginValidator(SameOrigin(SessionMiddlewareStack(sockets))),
    }
)
