"""Environments that are measured."""

import re

from tests.service import LAB, TINY

JUPYTERLAB = "jupyterlab-python"
FILLED = "filled"
"""JupyterLab once more, for spares beside it."""
COLD = f"{LAB}\nspares: {{mode: never}}\n"
"""JupyterLab of which no spare stands by: what is measured is a start."""
SLEEPY = re.sub(r"^  sleep: .*$", "  sleep: 10s", COLD, flags=re.MULTILINE)
"""The same, asleep as soon as may be."""


def ahead(wanted: int) -> str:
    """JupyterLab of which so many spares stand by."""
    return LAB + _spares("auto", wanted)


def tiny_ahead(wanted: int) -> str:
    """The tiny server, of which so many spares stand by."""
    return TINY + _spares("running", wanted)


def filled(wanted: int) -> str:
    """Another JupyterLab than `COLD`, of which so many spares are to stand by, or none at all."""
    lab = LAB.replace(JUPYTERLAB, FILLED).replace(f"mydocker/{FILLED}:", f"mydocker/{JUPYTERLAB}:")
    return lab + _spares("auto" if wanted else "never", wanted)


def _spares(mode: str, wanted: int) -> str:
    told = f"mode: {mode}, wanted: {wanted}, most: {max(wanted, 1)}, learnt: false"
    return f"\nspares: {{{told}}}\n"
