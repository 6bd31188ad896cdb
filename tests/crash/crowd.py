"""Makes people in an installation's database: run it with its settings. Prints a token for each."""

import os
import sys
from datetime import UTC, datetime


def main() -> None:
    """One person for each mail address of the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mydocker.django_settings")
    os.umask(0o007)
    import django

    django.setup()
    from mydocker.domain.people import Role
    from mydocker.services import people

    now = datetime.now(UTC)
    for mail in sys.argv[1:]:
        person = people.add_local(mail, Role("student"), now)
        print(people.create_token(person, "crowd", [], now, None))


if __name__ == "__main__":
    main()
