"""The console's places. A class is named by the key of its namespace, a student by the account."""

from django.urls import path

from minikweb.classroom import consumers, views

app_name = "classroom"
_ONE = "class/<slug:key>/"

urlpatterns = [
    path("class/", views.index, name="index"),
    path("class/open", views.open_class, name="open"),
    path(_ONE, views.console, name="console"),
    path(_ONE + "screen/", views.screen, name="screen"),
    path(_ONE + "export.csv", views.download, name="export"),
    path(_ONE + "send", views.send, name="send"),
    path(_ONE + "close", views.close, name="close"),
    path(_ONE + "delete", views.delete, name="delete"),
    path(_ONE + "student/<slug:account>/", views.peek, name="peek"),
    path(_ONE + "student/<slug:account>/bring", views.bring, name="bring"),
    path(_ONE + "student/<slug:account>/reset", views.reset, name="reset"),
    path(_ONE + "student/<slug:account>/helped", views.helped, name="helped"),
    path(_ONE + "student/<slug:account>/remove", views.remove, name="remove"),
]
websocket_urlpatterns = [
    path("ws/class/<slug:key>/", consumers.BoardConsumer.as_asgi()),
    path("ws/class/<slug:key>/<slug:account>/", consumers.PeekConsumer.as_asgi()),
]
