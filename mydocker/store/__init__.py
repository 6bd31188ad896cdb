"""The only room with SQL: models, migrations, named queries, conditional updates, the doorbell."""
