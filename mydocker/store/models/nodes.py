"""Machines that run containers."""

from django.db import models


class Pool(models.Model):
    """A named set of nodes."""

    id = models.SlugField(primary_key=True, max_length=40)
    title = models.CharField(max_length=200)

    class Meta:
        db_table = "pool"


class Node(models.Model):
    """One machine. On one machine there is one, named `local`."""

    id = models.SlugField(primary_key=True, max_length=40)
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="nodes")
    title = models.CharField(max_length=200)

    class Meta:
        db_table = "node"
