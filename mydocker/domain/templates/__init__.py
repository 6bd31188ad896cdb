"""Template variables: found, checked, and rendered in commands. Links have rules of their own."""

from mydocker.domain.templates.commands import (
    faults_of_command,
    render_command,
    render_variables,
    words_as_written,
)
from mydocker.domain.templates.variables import (
    IN_COMMANDS,
    IN_LINKS,
    BadTemplate,
    Fault,
    Name,
    Values,
    Variable,
    faults_of_variables,
    needs_password,
    variables_of,
)

__all__ = [
    "IN_COMMANDS",
    "IN_LINKS",
    "BadTemplate",
    "Fault",
    "Name",
    "Values",
    "Variable",
    "faults_of_command",
    "faults_of_variables",
    "needs_password",
    "render_command",
    "render_variables",
    "variables_of",
    "words_as_written",
]
