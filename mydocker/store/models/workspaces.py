"""Standing places of people, their homes and their story."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from mydocker.store.ids import short_id
from mydocker.store.models.environments import Environment
from mydocker.store.models.people import Person


class Workspace(models.Model):
    """One person's standing place in one environment.

    `wanted` and `generation` are written by services only: each start, restart or reset is a new
    generation, and at most one run is ever made for a generation.
    """

    id = models.CharField(primary_key=True, max_length=20, default=short_id, editable=False)
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="workspaces")
    person = models.ForeignKey(Person, models.CASCADE, related_name="workspaces")
    wanted = models.BooleanField(default=False)
    generation = models.PositiveIntegerField(default=0)
    stop_cause = models.CharField(max_length=30, blank=True)
    stop_facts = models.JSONField(default=dict)
    asked_at = models.DateTimeField(null=True)
    extended_until = models.DateTimeField(null=True)
    last_interaction_at = models.DateTimeField(null=True)
    last_work_at = models.DateTimeField(null=True)
    stops_at = models.DateTimeField(null=True)
    """When the culler will stop it if nothing happens; for pages and the API."""
    warned_at = models.DateTimeField(null=True)
    reset_home = models.BooleanField(default=False)
    """The environment home is to be put into the trash before the next run starts."""
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "workspace"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "environment"],
                condition=Q(deleted_at__isnull=True),
                name="workspace_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "deleted_at"], name="workspace_in_environment"),
            models.Index(fields=["wanted"], condition=Q(wanted=True), name="workspace_wanted"),
            models.Index(
                fields=["reset_home"], condition=Q(reset_home=True), name="workspace_to_reset"
            ),
        ]


class Home(models.Model):
    """A persistent folder. The id is its name on the node: `g…` global, `w…` of a workspace."""

    id = models.CharField(primary_key=True, max_length=40, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="homes")
    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, related_name="homes")
    used_bytes = models.BigIntegerField(null=True)
    measured_at = models.DateTimeField(null=True)
    trashed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "home"


class StoryEvent(models.Model):
    """One thing that happened; append-only. `kind` is a `domain.story.StoryKind` value."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, related_name="story")
    run_id = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=30)
    facts = models.JSONField(default=dict)
    actor = models.CharField(max_length=60, blank=True)
    """Who or what: a person's id, or the office that did it (`culler`, `janitor`)."""

    class Meta:
        db_table = "story_event"
        indexes: ClassVar = [models.Index(fields=["workspace", "id"], name="story_of_workspace")]


class ImageSize(models.Model):
    """How many bytes a pull of an image moved last time; the denominator of the next one."""

    reference = models.CharField(primary_key=True, max_length=300)
    total_bytes = models.BigIntegerField()

    class Meta:
        db_table = "image_size"
