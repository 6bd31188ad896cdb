"""The driver for one Docker Engine (API 1.41 or later) on this machine."""

from mydocker.adapters.docker.driver import DockerDriver

__all__ = ["DockerDriver"]
