"""The node's agent, spoken to over its Unix socket."""
