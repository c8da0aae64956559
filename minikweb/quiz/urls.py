"""The QCM's places."""

from django.urls import path

from minikweb.quiz import views

app_name = "quiz"
urlpatterns = [
    path("", views.index, name="index"),
    path("start", views.start, name="start"),
    path("<int:attempt_id>/", views.attempt, name="attempt"),
    path("<int:attempt_id>/<int:number>/", views.question, name="question"),
    path("<int:attempt_id>/result/", views.result, name="result"),
]
