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
    """One container of a workspace, or a spare that is nobody's yet. `phase` never goes back.

    Written by one loop only, but for the claim, which is one conditional update of a service.
    """

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
    is_spare = models.BooleanField(default=False)
    """It was made before anybody asked for it."""
    revision = models.PositiveIntegerField(default=0)
    """Of the environment, when the run was made."""
    image_id = models.CharField(max_length=80, blank=True)
    """Which image the name meant when the container was made."""
    stands_by_at = models.DateTimeField(null=True)
    """From when on a spare can be claimed."""
    claimed_at = models.DateTimeField(null=True)
    retired = models.CharField(max_length=20, blank=True)
    """Why a spare is not wanted any more; it cannot be claimed then."""
    should_sleep = models.BooleanField(default=False)
    """Wished by whoever judges that nobody uses it; taken back when somebody does."""
    asleep_at = models.DateTimeField(null=True)
    """Since when it may be frozen: written before it is, taken back after the thaw."""
    queued_at = models.DateTimeField(null=True)
    """From when on only its turn was missing."""
    queued_place = models.PositiveIntegerField(null=True)
    """Its place in the queue then, from 1."""
    place_since = models.DateTimeField(null=True)
    """From when its place counts; null: from `created_at`."""
    turn_at = models.DateTimeField(null=True)
    """When its turn to start came; null for a spare, which needs none."""
    created_at = models.DateTimeField()
    """When it was asked for; of a spare that nobody claimed, when it was made."""
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
            models.CheckConstraint(
                condition=Q(workspace__isnull=False) | Q(is_spare=True),
                name="run_of_somebody_or_spare",
            ),
            models.CheckConstraint(
                condition=Q(claimed_at__isnull=True)
                | Q(workspace__isnull=False, stands_by_at__isnull=False, retired=""),
                name="run_claimed_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["phase"], condition=Q(phase__lt=Phase.ENDED), name="run_live"),
            models.Index(
                fields=["created_at"],
                condition=Q(workspace__isnull=False),
                name="run_asked",
            ),
            models.Index(
                F("environment"),
                F("created_at").desc(),
                condition=Q(is_spare=True),
                name="run_newest_spares",
            ),
            models.Index(
                fields=["environment", "stands_by_at"],
                condition=Q(workspace__isnull=True, phase__lt=Phase.ENDED),
                name="run_spare",
            ),
            models.Index(
                fields=["place_since"],
                condition=Q(phase=Phase.NEW, queued_at__isnull=False, turn_at__isnull=True),
                name="run_queue",
            ),
            models.Index(
                fields=["turn_at"],
                condition=Q(phase__lt=Phase.READY, turn_at__isnull=False),
                name="run_under_way",
            ),
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
