"""Builds on one Docker Engine, with its classic builder (decision 0023)."""

from mydocker.adapters.docker.building.builder import DockerBuilder

__all__ = ["DockerBuilder"]
