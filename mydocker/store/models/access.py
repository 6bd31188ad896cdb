"""Logins, tokens, tickets and grants. Secrets are stored as SHA-256 digests (hex) only."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from mydocker.store.ids import short_id
from mydocker.store.models.people import Person
from mydocker.store.models.runs import Run, RunHost


class Login(models.Model):
    """One sign-in on one device, from its start to its end."""

    id = models.CharField(primary_key=True, max_length=20, default=short_id, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="logins")
    session_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "login"
        indexes: ClassVar = [
            models.Index(
                fields=["expires_at"], condition=Q(ended_at__isnull=True), name="login_open"
            )
        ]


class Token(models.Model):
    """An API token: what it may do and until when."""

    id = models.CharField(primary_key=True, max_length=20, default=short_id, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="tokens")
    title = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "token"


class Ticket(models.Model):
    """Good for one entry to one path of one run's host, for 60 s; consumed by its use."""

    digest = models.CharField(primary_key=True, max_length=64)
    host = models.ForeignKey(RunHost, models.CASCADE)
    path = models.TextField()
    """Encrypted: a link may contain the run's password."""
    person = models.ForeignKey(Person, models.CASCADE)
    login = models.ForeignKey(Login, models.CASCADE, null=True)
    token = models.ForeignKey(Token, models.CASCADE, null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ticket"


class Grant(models.Model):
    """Lets a browser reach a run's host. `placed_at`/`dropped_at` say what the gateway knows."""

    digest = models.CharField(primary_key=True, max_length=64)
    host = models.ForeignKey(RunHost, models.CASCADE, related_name="grants")
    run = models.ForeignKey(Run, models.CASCADE, related_name="grants")
    person = models.ForeignKey(Person, models.CASCADE)
    login = models.ForeignKey(Login, models.CASCADE, null=True, related_name="grants")
    token = models.ForeignKey(Token, models.CASCADE, null=True, related_name="grants")
    created_at = models.DateTimeField()
    placed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "grant_of_entry"
        indexes: ClassVar = [
            models.Index(
                fields=["placed_at"],
                condition=Q(placed_at__isnull=True, revoked_at__isnull=True),
                name="grant_to_place",
            ),
            models.Index(
                fields=["revoked_at"],
                condition=Q(revoked_at__isnull=False, dropped_at__isnull=True),
                name="grant_to_drop",
            ),
            models.Index(fields=["run"], condition=Q(revoked_at__isnull=True), name="grant_open"),
            models.Index(
                fields=["dropped_at"], condition=Q(dropped_at__isnull=False), name="grant_dropped"
            ),
        ]
