"""What teachers build: images, their files, and the builds that come of them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from mydocker.store.ids import short_id


class Image(models.Model):
    """An image. `recipe` is the whole of it as `domain.recipes.write_recipe` writes it."""

    id = models.CharField(primary_key=True, max_length=20, default=short_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    recipe = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    """Goes up with every change of recipe, title or files: who edits an older one is told."""
    next_number = models.PositiveIntegerField(default=1)
    created_by = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "image"
        indexes: ClassVar = [models.Index(fields=["created_by"], name="image_by_creator")]


class ImageShare(models.Model):
    """Somebody, known by mail, who may see or edit an image."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="shares")
    mail = models.EmailField()
    can_edit = models.BooleanField()

    class Meta:
        db_table = "image_share"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mail", "image"], name="image_share_once")
        ]


class ContextFile(models.Model):
    """A file beside a Dockerfile. Its bytes are a blob, found by digest."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="files")
    path = models.CharField(max_length=1000)
    digest = models.CharField(max_length=64)
    """SHA-256, hexadecimal."""
    size_bytes = models.BigIntegerField()
    is_executable = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "context_file"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "path"], name="context_file_once")
        ]
        indexes: ClassVar = [models.Index(fields=["digest"], name="context_file_by_digest")]


class Build(models.Model):
    """One run of an image's recipe. What is over never changes, but for `collected_at`."""

    id = models.CharField(primary_key=True, max_length=20, default=short_id, editable=False)
    image = models.ForeignKey(Image, models.CASCADE, related_name="builds")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10)
    """A `domain.builds.State` value."""
    recipe = models.JSONField()
    dockerfile = models.TextField()
    files = models.JSONField(default=list)
    """`[path, digest, bytes, is executable]` of each."""
    asked_by = models.CharField(max_length=20)
    asked_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    cancel_asked = models.BooleanField(default=False)
    use_cache = models.BooleanField(default=True)
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)
    reference = models.CharField(max_length=300, blank=True)
    engine_id = models.CharField(max_length=80, blank=True)
    size_bytes = models.BigIntegerField(null=True)
    layers = models.JSONField(default=list)
    """`[made by, bytes]` of each, the lowest first."""
    packages = models.JSONField(default=list)
    """`[manager, name, version]` of each."""
    failure = models.JSONField(default=dict)
    """`why`, and of `domain.recipes.Explanation`: `message`, `hint`, `line`, `facts`, `said`."""
    collected_at = models.DateTimeField(null=True)
    """The engine does not have it any more."""

    class Meta:
        db_table = "build"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "number"], name="build_number_once"),
            models.UniqueConstraint(
                fields=["image"],
                condition=Q(state__in=["queued", "building"]),
                name="image_build_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["state", "asked_at"],
                condition=Q(state__in=["queued", "building"]),
                name="build_live",
            ),
            models.Index(fields=["began_at"], name="build_by_begin"),
        ]
