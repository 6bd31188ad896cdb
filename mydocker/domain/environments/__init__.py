"""Environments: what a teacher defines. Their values, how they are read, written and judged."""

from mydocker.domain.environments.advice import warnings_of
from mydocker.domain.environments.ahead import NotAhead, Way, WhyNot, eligibility
from mydocker.domain.environments.mistakes import Mistake, Mistakes, Path
from mydocker.domain.environments.reading import read_environment
from mydocker.domain.environments.values import (
    Access,
    Auth,
    ClassSession,
    Day,
    Environment,
    HomeKind,
    HomeMount,
    Interface,
    Lifetime,
    NetworkPolicy,
    Port,
    Protocol,
    Resources,
    ScheduleLine,
    SpareMode,
    Spares,
    Status,
    Text,
)
from mydocker.domain.environments.writing import write_environment

__all__ = [
    "Access",
    "Auth",
    "ClassSession",
    "Day",
    "Environment",
    "HomeKind",
    "HomeMount",
    "Interface",
    "Lifetime",
    "Mistake",
    "Mistakes",
    "NetworkPolicy",
    "NotAhead",
    "Path",
    "Port",
    "Protocol",
    "Resources",
    "ScheduleLine",
    "SpareMode",
    "Spares",
    "Status",
    "Text",
    "Way",
    "WhyNot",
    "eligibility",
    "read_environment",
    "warnings_of",
    "write_environment",
]
