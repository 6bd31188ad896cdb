"""Django's name for this room."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """The application that owns every table of ours."""

    name = "mydocker.store"
    label = "store"
