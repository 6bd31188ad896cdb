"""Rights that ended, told to whoever keeps something open for somebody."""

from dataclasses import dataclass

from mydocker.store.doorbell import ring

TOPIC = "rights"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A login, token or right of a person ended, or, without one, of anybody: look again."""

    person: str

    def concerns(self, person: str) -> bool:
        """Whether that person has to look again."""
        return self.person in ("", person)


def tell_withdrawn(person: str) -> None:
    """Ring for every follower, once the transaction is committed."""
    ring(TOPIC, person)
