"""Asks a Jupyter server what works in it."""

from mydocker.adapters.jupyter.sensor import JupyterSensor

__all__ = ["JupyterSensor"]
