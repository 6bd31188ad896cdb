"""The gateway on HAProxy 2.6: its configuration, its map files, its runtime socket."""
