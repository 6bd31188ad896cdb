"""What we ask of the outside. Protocols whose docstrings are contracts; no implementations."""
