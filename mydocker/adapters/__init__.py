"""One folder per foreign system. Strangers to one another; they see `ports` and `domain` only."""
