"""Every table and column; the schema as a document. No rules live here."""

from mydocker.store.models.access import Grant, Login, Ticket, Token
from mydocker.store.models.environments import Environment, Maintainer
from mydocker.store.models.images import Build, ContextFile, Image, ImageShare
from mydocker.store.models.nodes import Node, Pool
from mydocker.store.models.people import Identity, Person
from mydocker.store.models.runs import Run, RunHost
from mydocker.store.models.statistics import Demand, Sample
from mydocker.store.models.workspaces import Home, ImageSize, StoryEvent, Workspace

__all__ = [
    "Build", "ContextFile", "Demand", "Environment", "Grant", "Home", "Identity", "Image",
    "ImageShare", "ImageSize", "Login", "Maintainer", "Node", "Person", "Pool", "Run", "RunHost",
    "Sample", "StoryEvent", "Ticket", "Token", "Workspace",
]  # fmt: skip
