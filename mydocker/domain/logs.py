"""What a container's program wrote."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a container's output, without its line end."""

    text: str
    stream: str = "stdout"
