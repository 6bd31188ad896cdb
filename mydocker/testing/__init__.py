"""Stand-ins that ship, and misbehave on purpose."""
