from django.db import migrations, models

from mydocker.domain.runs import Phase


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0005_statistics"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="queued_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="queued_place",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="place_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="turn_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(
                    ("phase", Phase.NEW), ("queued_at__isnull", False), ("turn_at__isnull", True)
                ),
                fields=["place_since"],
                name="run_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("phase__lt", Phase.READY), ("turn_at__isnull", False)),
                fields=["turn_at"],
                name="run_under_way",
            ),
        ),
    ]
