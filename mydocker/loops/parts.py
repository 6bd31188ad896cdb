"""What every office works with."""

from dataclasses import dataclass

from mydocker.loops.database import Database
from mydocker.ports.driver import Driver
from mydocker.ports.gateway import Gateway
from mydocker.ports.nodes import NodeAgent
from mydocker.steady import SteadyClock


@dataclass(frozen=True, slots=True)
class Parts:
    """The database, the outside, and the time."""

    database: Database
    driver: Driver
    gateway: Gateway
    agent: NodeAgent
    clock: SteadyClock
