"""The way out of a container that was given none: a route, in its own network namespace.

Networks of policy `once-claimed` name a default gateway that nobody is. To let one of their
containers out its route is led to the bridge, beyond which the firewall's rules hold. A container
has no right to do so itself; and the route ends with its namespace, so that nobody else can come
by it.
"""

import os
from ipaddress import IPv4Address

from mydocker.agent import tools
from mydocker.agent.cgroups import CgroupFiles
from mydocker.agent.errors import unavailable
from mydocker.agent.firewall import Firewall

_OURS = "/proc/self/ns/net"


class Egress:
    """Of the containers of one installation."""

    def __init__(self, files: CgroupFiles, firewall: Firewall) -> None:
        self._files, self._firewall = files, firewall

    def let_out(self, container: str, address: IPv4Address) -> None:
        """Lead the default route of a container to the bridge it is reached by. Repeatable.

        Refused: `not_ours` (the address is not behind a bridge of this installation).
        Unavailable: `no_container`.
        """
        gateway = self._firewall.hosts_address_towards(address)
        namespace = self._namespace(container)
        try:
            path = f"/proc/{os.getpid()}/fd/{namespace}"
            words = ("ip", "-4", "route", "replace", "default", "via", gateway)
            done = tools.run("nsenter", f"--net={path}", *words)
        finally:
            os.close(namespace)
        if done.returncode:
            raise unavailable("no_way", f"The route could not be set: {done.stderr.strip()[:200]}")

    def _namespace(self, container: str) -> int:
        """Open the container's network namespace; the caller closes it."""
        for process in self._processes(container):
            try:
                handle = os.open(f"/proc/{process}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
            # The number may have become another process's before it was opened, but not after.
            is_its = process in self._processes(container)
            if is_its and not os.path.samestat(os.fstat(handle), os.stat(_OURS)):
                return handle
            os.close(handle)
        raise unavailable("no_container", "The container has no process.")

    def _processes(self, container: str) -> list[str]:
        controller = "pids" if self._files.is_version_1 else ""
        found = self._files.of_each(
            [container], lambda place: self._files.text(controller, f"{place}/cgroup.procs")
        )
        return found.get(container, "").split()
