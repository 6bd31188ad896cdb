"""The reading side of the window that `loops` shows flowing values through."""

from mydocker.adapters.window.asking import PATIENCE_SECONDS, ask
from mydocker.adapters.window.client import SocketWindow

__all__ = ["PATIENCE_SECONDS", "SocketWindow", "ask"]
