"""Images in the database: conditional writes, and which environments use one."""

from datetime import datetime
from importlib import import_module

import pytest
from django.apps import apps

from mydocker.store import builds, environments
from mydocker.store import images as store
from mydocker.store.builds import Plan
from mydocker.store.images import ContextFileRow
from mydocker.store.models import Environment
from tests.images import small, teacher
from tests.people import tiny

pytestmark = pytest.mark.django_db


def test_an_update_says_whether_somebody_was_faster(now: datetime) -> None:
    row = small(now).row
    assert store.by_slug("small") == store.by_id(row.id) == row
    assert store.update(row, title="A", recipe=row.recipe, now=now)
    assert not store.update(row, title="B", recipe=row.recipe, now=now)
    found = store.by_id(row.id)
    assert found is not None and (found.title, found.revision) == ("A", 2)
    assert store.touch(row.id, now) and store.hold(row.id) == 3
    assert not store.touch("nothing", now) and store.hold("nothing") is None


def test_rights_come_from_shares_whatever_the_case_of_the_mail(now: datetime) -> None:
    image = small(now).row.id
    store.set_shares(image, {"A@Example.org": True, "b@example.org": False})
    rights = [
        store.right_of(mail, image) for mail in ("a@example.ORG", "B@example.org", "c@d.e", "")
    ]
    assert rights == ["edit", "view", "", ""]
    assert store.edited_by("a@example.org", [image]) == {image}
    assert store.edited_by("b@example.org", [image]) == store.edited_by("", [image]) == frozenset()


def test_a_file_replaces_the_one_of_its_path(now: datetime) -> None:
    image = small(now).row.id
    store.put_files(image, [ContextFileRow("a", "1" * 64, 1, True, now)])
    newer = ContextFileRow("a", "2" * 64, 2, True, now)
    store.put_files(image, [newer])
    assert store.files(image) == [newer] == [store.file(image, "a")]
    assert store.remove_file(image, "a") and not store.remove_file(image, "a")


def test_what_belongs_to_an_image_goes_with_it(now: datetime) -> None:
    image = small(now).row.id
    store.put_files(image, [ContextFileRow("a", "1" * 64, 1, False, now)])
    store.set_shares(image, {"a@example.org": True})
    build = builds.ask(image, Plan({}, ""), asked_by="somebody", now=now)
    assert build is not None and store.delete(image) and not store.delete(image)
    assert builds.by_id(build.id) is None and builds.live() == []
    assert store.files(image) == [] and store.shares(image) == []


def test_an_environment_uses_an_image_by_the_name_of_a_build(now: datetime) -> None:
    image, other = small(now).row.id, small(now, teacher(now), "Other").row.id
    for number in (1, 2):
        build = builds.ask(image, Plan({}, ""), asked_by="somebody", now=now)
        assert build is not None and builds.begin(build.id, now)
        builds.finish(
            build.id, reference=f"md-1/small:{number}", engine_id="", size_bytes=1, layers=[],
            packages=[], now=now,
        )  # fmt: skip
    tiny(now, image="md-1/small:1")
    tiny(now, slug="second", join_code="second-code", image="md-1/small:2")
    tiny(now, slug="third", join_code="third-code", image="md-1/small:3")
    assert [row.slug for row in environments.using(image, ())] == ["second", "tiny"]
    assert [row.slug for row in environments.using(image, (), limit=1)] == ["second"]
    assert environments.using(other, ()) == []
    assert environments.counted_using([image, other]) == {image: 2}
    assert environments.counted_using([]) == {}
    assert [row.slug for row in environments.using(other, ["md-1/small:3"])] == ["third"]
    assert environments.counted_by_name(["md-1/small:3", "md-1/none:1"]) == {"md-1/small:3": 1}


def test_environments_of_an_older_edition_tell_their_images(now: datetime) -> None:
    tiny(now, image="md-1/small:1")
    Environment.objects.update(image="")
    migration = import_module("mydocker.store.migrations.0008_images_of_environments")
    migration.repeat_images(apps, None)
    assert list(Environment.objects.values_list("image", flat=True)) == ["md-1/small:1"]
