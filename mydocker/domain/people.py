"""People, their roles, and what a role lets them do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Each role includes the one before."""

    STUDENT = "student"
    TEACHER = "teacher"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether whoever has this role may do what the other may."""
        return _RANKS[self] >= _RANKS[other]


_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in."""

    id: str
    display_name: str
    mail: str
    """May be empty, and two people may have the same."""
    role: Role = Role.STUDENT
    enabled: bool = True


class Action(StrEnum):
    """What not everybody may do."""

    CREATE_ENVIRONMENT = "create_environment"
    EDIT_ENVIRONMENT = "edit_environment"
    """See the definition of one, change it, export it, archive it, delete it."""
    CREATE_IMAGE = "create_image"
    VIEW_IMAGE = "view_image"
    """See one with its files and its builds, and use these."""
    EDIT_IMAGE = "edit_image"
    """Change one and its files, build it, share it, delete it."""
    SEE_ALL_IMAGES = "see_all_images"
    SEE_WHO_IS_IN = "see_who_is_in"
    """See who has a workspace in an environment, and in which state it is; never its content."""
    SEE_ALL_ENVIRONMENTS = "see_all_environments"
    STOP_OTHERS_WORKSPACE = "stop_others_workspace"
    """See, follow, stop and delete a workspace that is not one's own; never open it."""
    ADMINISTER = "administer"
    """The administrators' pages: everything that runs, the machine's load, people and roles."""


_LEAST_ROLE = {
    Action.CREATE_ENVIRONMENT: Role.TEACHER,
    Action.EDIT_ENVIRONMENT: Role.ADMIN,
    Action.CREATE_IMAGE: Role.TEACHER,
    Action.VIEW_IMAGE: Role.ADMIN,
    Action.EDIT_IMAGE: Role.ADMIN,
    Action.SEE_ALL_IMAGES: Role.ADMIN,
    Action.SEE_WHO_IS_IN: Role.ADMIN,
    Action.SEE_ALL_ENVIRONMENTS: Role.ADMIN,
    Action.STOP_OTHERS_WORKSPACE: Role.ADMIN,
    Action.ADMINISTER: Role.ADMIN,
}
_OF_MAINTAINERS = frozenset(
    {Action.EDIT_ENVIRONMENT, Action.SEE_WHO_IS_IN, Action.VIEW_IMAGE, Action.EDIT_IMAGE}
)


def may(person: Person, action: Action, *, maintains: bool = False) -> bool:
    """Whether a person may do this.

    `maintains`: the environment or image in question is theirs, or is shared with them for this.
    A disabled person may do nothing. Maintainers keep their rights over what is theirs whatever
    their role has become.
    """
    if not person.enabled:
        return False
    if maintains and action in _OF_MAINTAINERS:
        return True
    return person.role.includes(_LEAST_ROLE[action])
