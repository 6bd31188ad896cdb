"""Containers, each started once."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from mydocker.domain.runs import Phase
from mydocker.store.ids import run_id
from mydocker.store.models.environments import Environment
from mydocker.store.models.nodes import Node
from mydocker.store.models.workspaces import Workspace


class Run(models.Model):
    """One container of a workspace. Written by one loop only; `phase` never goes back."""

    id = models.CharField(primary_key=True, max_length=20, default=run_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, related_name="runs")
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="runs")
    node = models.ForeignKey(Node, models.PROTECT, related_name="runs")
    generation = models.PositiveIntegerField(default=0)
    phase = models.PositiveSmallIntegerField(default=Phase.NEW)
    phase_since = models.DateTimeField()
    definition = models.JSONField()
    """The environment as it was when the run was made; later edits do not touch it."""
    secret = models.TextField()
    """Generated user name and password, encrypted."""
    launched = models.BooleanField(default=False)
    attached = models.BooleanField(default=False)
    published = models.BooleanField(default=False)
    pulling = models.BooleanField(default=False)
    container = models.CharField(max_length=64, blank=True)
    address = models.GenericIPAddressField(null=True)
    cause = models.CharField(max_length=30, blank=True)
    facts = models.JSONField(default=dict)
    last_log = models.TextField(blank=True)
    """The last lines of a failed run's log, since its container is gone."""
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "run"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "generation"], name="run_once_a_wish"),
            models.UniqueConstraint(
                fields=["workspace"],
                condition=Q(phase__lt=Phase.ENDED),
                name="run_live_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["phase"], condition=Q(phase__lt=Phase.ENDED), name="run_live"),
            models.Index(
                F("environment"),
                F("ready_at").desc(),
                condition=Q(ready_at__isnull=False),
                name="run_ready_times",
            ),
        ]


class RunHost(models.Model):
    """A host name of a run, one per http port. Never given twice: rows are kept."""

    host = models.CharField(primary_key=True, max_length=253)
    run = models.ForeignKey(Run, models.CASCADE, related_name="hosts")
    port = models.PositiveIntegerField()

    class Meta:
        db_table = "run_host"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "port"], name="run_host_once")
        ]
