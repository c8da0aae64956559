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
    seed = models.PositiveIntegerField()  # shuffles the options the same way at each reload
    order = models.JSONField(default=list)  # the ids of the questions, drawn and shuffled at the start
    minutes = models.PositiveSmallIntegerField(default=0)  # of an exam; 0 for no limit
    read = models.JSONField(default=dict)  # question id → values of the learner's object, as they were at the start
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


STAGES = ("lobby", "question", "votes", "solution", "over")  # see live.py for the ways between them


class LiveSession(models.Model):
    """Questions asked to a class at once. What is asked now is here alone; pages and phones only show it."""

    code = models.CharField(max_length=8, unique=True)  # to join
    teacher = models.CharField(max_length=64)  # who opened it (people.actor's person)
    control = models.CharField(max_length=32)  # makes a phone the remote control; serves once
    title = models.CharField(max_length=120)
    rule = models.CharField(max_length=16)
    shows_names = models.BooleanField(default=True)  # pseudonyms on the projector
    podium = models.BooleanField(default=False)
    seed = models.PositiveIntegerField()  # shuffles the options, the same for all: A is A on every screen
    questions = models.JSONField()  # bank.as_data of each, in their order: they stay as they were asked
    stage = models.CharField(max_length=16, default="lobby")
    number = models.PositiveSmallIntegerField(default=0)  # of the question, from 1; 0 before the first
    opened_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)


class Participant(models.Model):
    """Somebody who joined by the code. Known to the others by the pseudonym alone."""

    session = models.ForeignKey(LiveSession, on_delete=models.CASCADE, related_name="participants")
    person = models.CharField(max_length=64, blank=True)  # a student of a class; "" for who joined by the code alone
    pseudonym = models.CharField(max_length=32)
    folded = models.CharField(max_length=80)  # the pseudonym without case: "Ada" and "ada" would be confused
    real_name = models.CharField(max_length=80, blank=True)  # for the teacher alone
    joined_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("session", "folded"), name="one_pseudonym_per_session")]


class Vote(models.Model):
    """What a participant ticked; may be changed until the question is closed."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="votes")
    number = models.PositiveSmallIntegerField()  # of the question in the session
    ticked = models.JSONField(default=list)
    given_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("participant", "number"), name="one_vote_per_question")]
