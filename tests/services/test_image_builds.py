"""Builds asked for and cancelled: what is built is what was there, once at a time."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from mydocker.domain.builds import State
from mydocker.domain.people import Person
from mydocker.domain.recipes import Dockerfile, ExistingImage, GitRepository, render
from mydocker.domain.refusals import Kind, Refusal
from mydocker.services import images
from mydocker.services.image_builds import MOST_LIVE, BadRecipe, dockerfile_of
from mydocker.store import builds as store
from mydocker.store import doorbell
from mydocker.store import images as stored_images
from tests.images import NUMBERS, SMALL, build_done, small, teacher, upload

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def owner(now: datetime) -> Person:
    """Who has made the image `small`."""
    person = teacher(now)
    small(now, person)
    return person


def refused(ask: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ask()
    return caught.value


def test_what_is_built_is_what_was_there(owner: Person, now: datetime) -> None:
    images.put_files(owner, "small", [upload("run.sh", b"old\n", is_executable=True)], now)
    build = images.ask_build(owner, "small", now, use_cache=False)
    images.put_files(owner, "small", [upload("run.sh", b"new\n")], now)
    other = Dockerfile("FROM other\n")
    images.change(owner, "small", revision=3, title="Other", recipe=other, now=now)
    kept = images.build(owner, "small", build.number)
    assert kept == build and (kept.dockerfile, kept.use_cache) == (SMALL.text, False)
    assert [(each.path, each.size_bytes, each.is_executable) for each in kept.files] == [
        ("run.sh", 4, True)
    ]
    assert kept.asked_by == owner.id and kept.state is State.QUEUED


def test_each_kind_of_recipe_has_its_dockerfile(now: datetime) -> None:
    assert dockerfile_of(SMALL) == SMALL.text
    assert dockerfile_of(NUMBERS) == render(NUMBERS)
    assert dockerfile_of(ExistingImage("a/b:1")) == "FROM a/b:1\n"


def test_the_files_of_a_list_lie_in_a_folder_that_its_dockerfile_copies(now: datetime) -> None:
    person = teacher(now)
    small(now, person, "List", NUMBERS)
    assert "COPY" not in images.ask_build(person, "list", now).dockerfile
    images.cancel_build(person, "list", 1, now)
    images.put_files(person, "list", [upload("a/b")], now)
    build = images.ask_build(person, "list", now)
    assert [each.path for each in build.files] == ["files/a/b"]
    assert build.dockerfile == dockerfile_of(NUMBERS, has_files=True)
    assert 'COPY ["files/"' in build.dockerfile


def test_an_existing_image_has_no_files(now: datetime) -> None:
    person = teacher(now)
    small(now, person, "Taken", ExistingImage("a/b:1"))
    images.put_files(person, "taken", [upload("a")], now)
    assert images.ask_build(person, "taken", now).files == ()


@pytest.mark.parametrize(
    "text",
    ["FROM {}\n", "FROM docker.io/{}\n", "ARG A={}\nFROM $A\n", "FROM a\nCOPY --from={} / /x\n",
     "FROM a AS b\nFROM {}\n"],
)  # fmt: skip
def test_nothing_is_built_on_an_image_that_one_may_not_see(
    owner: Person, now: datetime, text: str
) -> None:
    other = teacher(now, "other@example.org")
    good = images.reference_of("small", build_done(owner, "small", now))
    small(now, other, "Copy", Dockerfile(text.format(good)))
    refusal = refused(lambda: images.ask_build(other, "copy", now))
    assert refusal.code == "image_not_shared" and images.builds(other, "copy") == []
    images.share(owner, "small", {other.mail: False}, now)
    assert images.ask_build(other, "copy", now).number == 1


def test_one_person_does_not_fill_the_queue(now: datetime) -> None:
    person, other = teacher(now), teacher(now, "other@example.org")
    for number in range(MOST_LIVE):
        small(now, person, f"Image {number}")
        images.ask_build(person, f"image-{number}", now)
    small(now, person, "One more")
    assert refused(lambda: images.ask_build(person, "one-more", now)).code == "too_many_builds"
    small(now, other, "Theirs")
    images.ask_build(other, "theirs", now)
    images.cancel_build(person, "image-3", 1, now)
    images.ask_build(person, "one-more", now)


def test_cancelling_twice_leaves_the_end_to_the_builder(owner: Person, now: datetime) -> None:
    build = images.ask_build(owner, "small", now)
    store.begin(build.id, now)
    for _ in range(2):
        cancelled = images.cancel_build(owner, "small", build.number, now)
        assert (cancelled.state, cancelled.cancel_asked) == (State.BUILDING, True)
    assert not store.finish(
        build.id, reference="x", engine_id="", size_bytes=1, layers=[], packages=[], now=now
    )
    assert store.cancel(build.id, now)


def test_what_the_builder_would_not_take_is_told_by_line(now: datetime) -> None:
    person = teacher(now)
    small(now, person, "Fetch", Dockerfile("FROM a\nADD https://example.org/a /a\n"))
    refusal = refused(lambda: images.ask_build(person, "fetch", now))
    assert isinstance(refusal, BadRecipe) and [each["line"] for each in refusal.told()] == [2]


def test_a_git_repository_is_not_built_yet(now: datetime) -> None:
    person = teacher(now)
    small(now, person, "Git", GitRepository("https://git.example.org/a/b"))
    assert refused(lambda: images.ask_build(person, "git", now)).code == "git_later"


def test_a_recipe_with_mistakes_is_not_built_and_tells_them_all(now: datetime) -> None:
    person = teacher(now)
    small(now, person, "Bad", Dockerfile("FROM a\nRUNN x\nCOPPY a b\n"))
    refusal = refused(lambda: images.ask_build(person, "bad", now))
    assert isinstance(refusal, BadRecipe) and refusal.kind is Kind.INVALID
    assert [each["line"] for each in refusal.told()] == [2, 3]
    assert images.builds(person, "bad") == []


def test_advice_stops_no_build(now: datetime) -> None:
    person = teacher(now)
    small(now, person, "Bad", Dockerfile("FROM a\nUSER root\n"))
    assert images.ask_build(person, "bad", now).number == 1


def test_one_build_of_an_image_at_a_time(owner: Person, now: datetime) -> None:
    images.ask_build(owner, "small", now)
    refusal = refused(lambda: images.ask_build(owner, "small", now))
    assert (refusal.kind, refusal.code) == (Kind.CONFLICT, "build_under_way")
    assert refusal.facts["number"] == 1
    images.cancel_build(owner, "small", 1, now)
    assert images.ask_build(owner, "small", now).number == 2


def test_what_changed_since_it_was_read_is_not_built(
    owner: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = stored_images.hold

    def hold_late(image: str) -> int | None:
        stored_images.touch(image, now)
        return hold(image)

    monkeypatch.setattr(stored_images, "hold", hold_late)
    refusal = refused(lambda: images.ask_build(owner, "small", now))
    assert refusal.kind is Kind.CONFLICT and images.builds(owner, "small") == []


def test_a_build_that_waits_is_over_at_once(owner: Person, now: datetime) -> None:
    images.ask_build(owner, "small", now)
    over = images.cancel_build(owner, "small", 1, now + MINUTE)
    assert (over.state, over.ended_at) == (State.CANCELLED, now + MINUTE)
    assert images.cancel_build(owner, "small", 1, now + 2 * MINUTE) == over


def test_a_build_under_way_is_asked_to_end(owner: Person, now: datetime) -> None:
    build = images.ask_build(owner, "small", now)
    store.begin(build.id, now)
    asked = images.cancel_build(owner, "small", 1, now)
    assert asked.state is State.BUILDING and asked.cancel_asked
    assert store.wants_cancel(build.id) and store.cancel(build.id, now)


def test_a_build_that_failed_is_not_cancelled(owner: Person, now: datetime) -> None:
    build = images.ask_build(owner, "small", now)
    store.begin(build.id, now)
    store.fail(build.id, {"why": "step"}, now)
    assert refused(lambda: images.cancel_build(owner, "small", 1, now)).code == "build_over"


def test_asking_and_cancelling_ring(
    owner: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[str] = []

    class Bell:
        def send(self, ring: doorbell.Ring) -> None:
            rings.append(str(ring))

    monkeypatch.setattr(doorbell, "bell", Bell)
    build = images.ask_build(owner, "small", now)
    images.cancel_build(owner, "small", 1, now)
    images.cancel_build(owner, "small", 1, now)
    assert rings == [f"build:{build.id}"] * 2


@pytest.mark.parametrize("number", [0, -1, 2, 2**31, 2**64])
def test_builds_that_are_not_there_are_told_so(owner: Person, now: datetime, number: int) -> None:
    images.ask_build(owner, "small", now)
    assert refused(lambda: images.build(owner, "small", number)).code == "unknown_build"
    assert refused(lambda: images.cancel_build(owner, "small", number, now)).code == "unknown_build"


@pytest.mark.parametrize(
    ("before", "found"), [(None, 2), (2**64, 2), (2, 1), (1, 0), (-(2**64), 0)]
)
def test_builds_are_listed_before_any_number(
    owner: Person, now: datetime, before: int | None, found: int
) -> None:
    for number in (1, 2):
        images.ask_build(owner, "small", now)
        images.cancel_build(owner, "small", number, now)
    assert len(images.builds(owner, "small", before=before)) == found
