"""The lessons' places."""

from django.urls import path

from minikweb.tutorial import consumers, doing, projection, titles, views

app_name = "tutorial"
urlpatterns = [
    path("", views.index, name="index"),
    path("titles.json", titles.titles, name="titles"),
    path("source/<path:path>", views.source, name="source"),
    path("<slug:slug>/", views.lesson, name="lesson"),
    path("<slug:slug>/start", views.start, name="start"),
    path("<slug:slug>/reset", views.reset, name="reset"),
    path("<slug:slug>/slides", views.as_slides, name="slides"),
    path("<slug:slug>/demonstration", doing.demonstration, name="demonstration"),
    path("<slug:slug>/whole", views.whole, name="whole"),
    path("<slug:slug>/manifests/<str:name>", views.manifest, name="manifest"),
    path("<slug:slug>/<slug:step_id>/", views.step, name="step"),
    path("<slug:slug>/<slug:step_id>/prepare", doing.prepare, name="prepare"),
    path("<slug:slug>/<slug:step_id>/preparing", doing.preparing, name="preparing"),
    path("<slug:slug>/<slug:step_id>/hint", views.hint, name="hint"),
    path("<slug:slug>/<slug:step_id>/solution", views.solution, name="solution"),
]
websocket_urlpatterns = [
    path("ws/lessons/<slug:slug>/demonstration/", projection.FilmConsumer.as_asgi()),
    path("ws/lessons/<slug:slug>/<slug:step_id>/demonstration/", projection.FilmConsumer.as_asgi()),
    path("ws/lessons/<slug:slug>/<slug:step_id>/", consumers.StepConsumer.as_asgi()),
]
