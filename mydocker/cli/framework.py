"""Brings Django up, once, before anything of ours that needs it is imported."""

import os

from mydocker.settings import Settings


def start(settings: Settings, *, with_metrics: bool = False) -> None:
    """Configure Django; `with_metrics` lets one process read what all of ours count."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mydocker.django_settings")
    if with_metrics:
        folder = settings.run_folder / "metrics"
        for old in folder.iterdir():
            old.unlink(missing_ok=True)
        # prometheus_client looks at this when it is imported.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    import django

    django.setup()
