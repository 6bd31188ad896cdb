"""On whose behalf the command line acts: whoever is root on the machine."""

from mydocker.domain.people import Person, Role

OPERATOR = Person("operator", "Operator", "", Role.ADMIN)
"""May everything; is nobody in the database and owns no workspace."""
