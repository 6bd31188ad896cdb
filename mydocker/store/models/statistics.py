"""What pages show of the past days, and of what the storekeeper decided."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from mydocker.store.models.environments import Environment


class Sample(models.Model):
    """How many there were at a moment. Where all numbers of an environment are 0, it has no row."""

    moment = models.DateTimeField()
    environment = models.ForeignKey(Environment, models.CASCADE, null=True, db_index=False)
    """None: of all together. There is always such a row, since somebody has looked."""
    spares = models.PositiveIntegerField(default=0)
    awake = models.PositiveIntegerField(default=0)
    asleep = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    resident_bytes = models.BigIntegerField(default=0)
    """Memory of what sleeps, spares included."""
    swapped_bytes = models.BigIntegerField(default=0)

    class Meta:
        db_table = "sample"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "moment"], name="sample_once"),
            models.UniqueConstraint(
                fields=["moment"],
                condition=Q(environment__isnull=True),
                name="sample_of_all_once",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["moment"], name="sample_moment")]


class Demand(models.Model):
    """What the storekeeper decided about an environment's spares, and what stands in its way."""

    environment = models.OneToOneField(Environment, models.CASCADE, primary_key=True)
    wanted = models.PositiveIntegerField(default=0)
    why = models.CharField(max_length=20)
    asked = models.PositiveIntegerField(default=0)
    """More than `wanted` where that is the most that the definition allows."""
    spare_bytes = models.BigIntegerField(null=True)
    """Memory of one, as measured."""
    short = models.CharField(max_length=20, blank=True)
    """Why there are fewer, and will be; empty if there is no reason."""
    short_facts = models.JSONField(default=dict)
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "demand"
        indexes: ClassVar = [
            models.Index(fields=["wanted"], condition=Q(wanted__gt=0), name="demand_wanted")
        ]
