"""Spares: runs started ahead of demand. How many there should be, and what to do about it.

Whether an environment can have any is in `environments.ahead`; how one becomes somebody's is not
here.
"""

from mydocker.domain.environments.ahead import NotAhead, Way, WhyNot, eligibility
from mydocker.domain.jupyter import Culler, Culling, culling_options
from mydocker.domain.spares.demand import (
    LOOK_BACK,
    Wanted,
    Why,
    learnt,
    next_change,
    next_excess,
    wanted_spares,
)
from mydocker.domain.spares.stock import (
    Limits,
    Pause,
    Plan,
    Retirement,
    Room,
    Shelf,
    Shortage,
    Spare,
    WhyRetired,
    WhyShort,
    plan_stock,
)

__all__ = [
    "LOOK_BACK",
    "Culler",
    "Culling",
    "Limits",
    "NotAhead",
    "Pause",
    "Plan",
    "Retirement",
    "Room",
    "Shelf",
    "Shortage",
    "Spare",
    "Wanted",
    "Way",
    "Why",
    "WhyNot",
    "WhyRetired",
    "WhyShort",
    "culling_options",
    "eligibility",
    "learnt",
    "next_change",
    "next_excess",
    "plan_stock",
    "wanted_spares",
]
