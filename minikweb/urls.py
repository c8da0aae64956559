"""Every path of the pages. The Kubernetes API has its own process and its own routes (apiserver/routes)."""

from django.urls import URLPattern, URLResolver, include, path

from minikweb.classroom import urls as classroom
from minikweb.dashboard import urls as dashboard
from minikweb.people import urls as people
from minikweb.quiz import urls as quiz
from minikweb.tutorial import urls as tutorial

urlpatterns: list[URLPattern | URLResolver] = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("lessons/", include("minikweb.tutorial.urls")),
    path("quiz/", include("minikweb.quiz.urls")),
    path("", include("minikweb.people.urls")),
    path("", include("minikweb.classroom.urls")),
    path("", include("minikweb.dashboard.urls")),
]
websocket_urlpatterns = [
    *people.websocket_urlpatterns,
    *classroom.websocket_urlpatterns,
    *dashboard.websocket_urlpatterns,
    *tutorial.websocket_urlpatterns,
    *quiz.websocket_urlpatterns,
]
