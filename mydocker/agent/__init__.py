"""The node's agent, the only process that runs as root. It attaches homes, keeps the firewall,
freezes and thaws containers and reads usage, for callers it knows, by ids it checks. Standard
library only.
"""

from mydocker.agent.daemon import main

__all__ = ["main"]
