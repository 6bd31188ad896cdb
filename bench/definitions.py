"""Environments that are measured."""

from pathlib import Path

_LAB = Path("catalogue/jupyterlab-python/environment.yaml").read_text()
COLD = f"{_LAB}\nspares: {{mode: never}}\n"
"""JupyterLab of which no spare stands by: what is measured is a start."""


def ahead(wanted: int) -> str:
    """JupyterLab of which so many spares stand by."""
    return f"{_LAB}\nspares: {{wanted: {wanted}, most: {max(wanted, 1)}, learnt: false}}\n"
