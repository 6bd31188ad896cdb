from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0003_spares"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="asleep_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="should_sleep",
            field=models.BooleanField(default=False),
        ),
    ]
