import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0004_sleep"),
    ]

    operations = [
        migrations.CreateModel(
            name="Demand",
            fields=[
                (
                    "environment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="store.environment",
                    ),
                ),
                ("wanted", models.PositiveIntegerField(default=0)),
                ("why", models.CharField(max_length=20)),
                ("asked", models.PositiveIntegerField(default=0)),
                ("spare_bytes", models.BigIntegerField(null=True)),
                ("short", models.CharField(blank=True, max_length=20)),
                ("short_facts", models.JSONField(default=dict)),
                ("decided_at", models.DateTimeField()),
            ],
            options={
                "db_table": "demand",
                "indexes": [
                    models.Index(
                        condition=models.Q(("wanted__gt", 0)),
                        fields=["wanted"],
                        name="demand_wanted",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Sample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("moment", models.DateTimeField()),
                ("spares", models.PositiveIntegerField(default=0)),
                ("awake", models.PositiveIntegerField(default=0)),
                ("asleep", models.PositiveIntegerField(default=0)),
                ("waiting", models.PositiveIntegerField(default=0)),
                ("resident_bytes", models.BigIntegerField(default=0)),
                ("swapped_bytes", models.BigIntegerField(default=0)),
                (
                    "environment",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="store.environment",
                    ),
                ),
            ],
            options={
                "db_table": "sample",
                "indexes": [models.Index(fields=["moment"], name="sample_moment")],
                "constraints": [
                    models.UniqueConstraint(fields=("environment", "moment"), name="sample_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("environment__isnull", True)),
                        fields=("moment",),
                        name="sample_of_all_once",
                    ),
                ],
            },
        ),
    ]
