"""Instant start: bursts that meet spares, sleepers, and what filling costs others."""
