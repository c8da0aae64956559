"""Attempts at a series of questions, kept on the server: a reload or another device comes back to the same question."""

from __future__ import annotations

from django.db import models

MODES = ("training", "exam")  # feedback at once, or at the end


class Attempt(models.Model):
    """One person's go at a series of questions, in an order of its own."""

    person = models.CharField(max_length=64)
    chapter = models.CharField(max_length=64, blank=True)  # "" for all of them
    size = models.PositiveSmallIntegerField(default=0)  # how many questions; 0 for all that there are
    rule = models.CharField(max_length=16)
    mode = models.CharField(max_length=16)
    seed = models.PositiveIntegerField()  # shuffles questions and options the same way at each reload
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)


class Answer(models.Model):
    """What was ticked for one question; given once."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="answers")
    question = models.CharField(max_length=64)
    ticked = models.JSONField(default=list)
    answered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("attempt", "question"), name="one_answer_per_question")]
