"""What teachers define."""

from typing import ClassVar

from django.db import models

from mydocker.store.ids import join_code, short_id


class Environment(models.Model):
    """An environment. `definition` is the whole of it as `domain.environments` writes it;
    the other columns repeat what is searched or listed.
    """

    id = models.CharField(primary_key=True, max_length=20, default=short_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    title_en = models.CharField(max_length=200)
    title_fr = models.CharField(max_length=200)
    status = models.CharField(max_length=10, db_index=True)
    join_code = models.CharField(max_length=80, unique=True, default=join_code)
    image = models.CharField(max_length=600, blank=True, db_index=True)
    definition = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "environment"


class Maintainer(models.Model):
    """Somebody, known by mail, who may edit an environment."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="maintained_by")
    mail = models.EmailField()

    class Meta:
        db_table = "maintainer"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mail", "environment"], name="maintainer_once")
        ]
