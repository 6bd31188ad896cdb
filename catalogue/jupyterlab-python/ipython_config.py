"""IPython without its SQLite history, which locks up on network disks."""

c = get_config()  # noqa: F821 (IPython defines it)

c.HistoryManager.enabled = False
