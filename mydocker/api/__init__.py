"""The REST API: parse, one service call, answer. Rules are elsewhere."""
