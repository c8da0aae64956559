"""The QCM's places: alone below `quiz/`, a class with its teacher below `quiz/live/`, its phones below `quiz/play/`."""

from django.urls import path

from minikweb.quiz import consumers
from minikweb.quiz.views import player, report, series, teacher

app_name = "quiz"
_LIVE = "live/<int:session_id>/"

urlpatterns = [
    path("", series.index, name="index"),
    path("start", series.start, name="start"),
    path("<int:attempt_id>/", series.attempt, name="attempt"),
    path("<int:attempt_id>/<int:number>/", series.question, name="question"),
    path("<int:attempt_id>/result/", series.result, name="result"),
    path("<int:attempt_id>/attestation/", series.attestation, name="exam-attestation"),
    path("live/", teacher.index, name="live"),
    path("live/open", teacher.open_session, name="open"),
    path(_LIVE, teacher.control, name="control"),
    path(_LIVE + "screen/", teacher.screen, name="screen"),
    path(_LIVE + "do", teacher.do, name="do"),
    path(_LIVE + "remove", teacher.remove, name="remove"),
    path(_LIVE + "remote/<str:key>/", teacher.remote, name="remote"),
    path(_LIVE + "results/", report.session_results, name="results"),
    path(_LIVE + "results.csv", report.download, name="csv"),
    path(_LIVE + "delete", report.delete, name="delete"),
    path(_LIVE + "attestation/<int:participant_id>/", report.attestation, name="attestation"),
    path("join/", player.join_by_code, name="join-by-code"),
    path("join/<str:code>/", player.join, name="join"),
    path("play/<str:code>/", player.play, name="play"),
    path("play/<str:code>/answer", player.answer, name="answer"),
    path("play/<str:code>/attestation/", player.attestation, name="own-attestation"),
]
websocket_urlpatterns = [path("ws/quiz/<str:code>/", consumers.LiveQuizConsumer.as_asgi())]
