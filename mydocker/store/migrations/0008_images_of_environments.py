"""Which environments run a build of an image is found by an index."""

from typing import Any

from django.db import migrations, models

PAGE = 200


def repeat_images(apps: Any, _schema: Any) -> None:
    """Write the image of each definition into its own column."""
    environments, after = apps.get_model("store", "Environment").objects, ""
    while page := list(environments.filter(id__gt=after).order_by("id")[:PAGE]):
        after = page[-1].id
        for row in page:
            environments.filter(id=row.id).update(image=row.definition.get("image", ""))


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0007_images"),
    ]

    operations = [
        migrations.AddField(
            model_name="environment",
            name="image",
            field=models.CharField(blank=True, db_index=True, max_length=600),
        ),
        migrations.RunPython(repeat_images, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(fields=["created_by"], name="image_by_creator"),
        ),
    ]
