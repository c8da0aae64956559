"""The places of coming in, and the student's own page."""

from django.urls import path

from minikweb.people import consumers, views

app_name = "people"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("join/", views.join, name="join"),
    path("join/<str:code>/", views.join, name="join_with"),
    path("over/", views.over, name="over"),
    path("me/", views.me, name="me"),
    path("me/kubeconfig", views.kubeconfig, name="kubeconfig"),
    path("me/terminal/", views.terminal, name="terminal"),
    path("me/lost", views.lost, name="lost"),
    path("me/follow", views.follow, name="follow"),
]
websocket_urlpatterns = [path("ws/me/", consumers.HandConsumer.as_asgi())]
