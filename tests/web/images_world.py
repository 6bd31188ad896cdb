"""Images to look at: one of each kind, and a build in every state."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO

from mydocker.domain.people import Person
from mydocker.domain.recipes import Dockerfile, ExistingImage, Manager, PackageList, Recipe
from mydocker.domain.recipes import read_packages as read
from mydocker.services import images
from mydocker.services.images import Upload
from mydocker.store import builds, models
from mydocker.store.builds import BuildRow

BASE = "mydocker/jupyterlab-python"
PACKAGES = (
    ("apt", "graphviz", "2.42.2-9"),
    ("pip", "numpy", "2.4.0"),
    ("pip", "scikit-learn", "1.8.0"),
    ("pip", "scipy", "1.17.0"),
)
DOCKERFILE = """\
FROM mydocker/jupyterlab-python
USER root
RUN apt-get update && apt-get install -y opam
COPY requirements.txt /tmp/
USER 1000
RUN pip install -r /tmp/requirements.txt
"""
FAILURE: Mapping[str, object] = {
    "why": "step",
    "message": "pip finds no package called %(name)s.",
    "hint": "Did you mean %(near)s?",
    "line": 6,
    "facts": {"name": "scikit-laern", "near": "scikit-learn", "line": 6},
    "said": "ERROR: No matching distribution found for scikit-laern",
}


def build(teacher: Person, other: Person, now: datetime) -> None:
    """`scipy-l2` is being built, `proofs` failed, `tools` waits; `registry` was never built."""
    scipy = _packages(apt="graphviz", pip="numpy==2.4 scipy==1.17 scikit-learn")
    images.create(teacher, "Analyse numérique L2", scipy, now, slug="scipy-l2")
    good(teacher, "scipy-l2", now - timedelta(days=8), PACKAGES[:3])
    good(teacher, "scipy-l2", now - timedelta(hours=20), PACKAGES, more=214 << 20)
    building(teacher, "scipy-l2", now - timedelta(seconds=72))
    images.share(teacher, "scipy-l2", {"sami.kerbrat@example.org": True, other.mail: False}, now)
    images.create(teacher, "Preuves avec Rocq", Dockerfile(DOCKERFILE), now, slug="proofs")
    files = [
        Upload("requirements.txt", BytesIO(b"scikit-laern\nnumpy\n")),
        Upload("data/notes-été.csv", BytesIO(b"a;b\n1;2\n" * 900)),
        Upload("tools/check", BytesIO(b"#!/bin/sh\nexit 0\n"), True),
        Upload("logo.png", BytesIO(b"\x89PNG\r\n\x1a\n\0\0" * 40)),
    ]
    images.put_files(teacher, "proofs", files, now)
    failed(teacher, "proofs", now - timedelta(minutes=9))
    cancelled(teacher, "proofs", now - timedelta(minutes=4))
    images.create(teacher, "C and C++", _packages(apt="g++ gdb make"), now, slug="tools")
    images.ask_build(teacher, "tools", now)
    registry = ExistingImage("jupyter/scipy-notebook:2025-03-14")
    images.create(teacher, "From a registry", registry, now, slug="registry")


def _packages(**listed: str) -> Recipe:
    found = {Manager(name): read(Manager(name), text) for name, text in listed.items()}
    return PackageList(BASE, found)


def good(
    person: Person, slug: str, at: datetime, packages: Sequence[tuple[str, str, str]], *,
    more: int = 0,
) -> BuildRow:  # fmt: skip
    """A build that came to an image."""
    row = building(person, slug, at)
    layers = [("/bin/sh -c #(nop) CMD bash", 0), ("base", 1_410 << 20)]
    layers += [("/bin/sh -c #(nop)  USER root", 0)]
    for line in row.dockerfile.split("\n\n"):
        if "RUN" in line:
            command = line[line.index("RUN ") + 4 :].replace("\\\n", " ")
            layers.append((f"|1 X= /bin/sh -c {command}", (96 << 20) + more * ("pip" in command)))
    layers += [("/bin/sh -c #(nop)  USER 1000", 0)]
    assert builds.finish(
        row.id, reference=images.reference_of(slug, row.number), engine_id="sha256:" + "a" * 64,
        size_bytes=sum(size for _made, size in layers), layers=layers, packages=packages,
        now=at + timedelta(seconds=141),
    )  # fmt: skip
    return images.build(person, slug, row.number)


def building(person: Person, slug: str, at: datetime) -> BuildRow:
    """A build at its third step."""
    row = images.ask_build(person, slug, at)
    assert builds.begin(row.id, at)
    builds.progress(row.id, 3, 5)
    return images.build(person, slug, row.number)


def failed(person: Person, slug: str, at: datetime) -> BuildRow:
    """A build of which no image came."""
    row = building(person, slug, at)
    assert builds.fail(row.id, FAILURE, at + timedelta(seconds=31))
    return images.build(person, slug, row.number)


def cancelled(person: Person, slug: str, at: datetime) -> BuildRow:
    """A build that was called off."""
    row = building(person, slug, at)
    images.cancel_build(person, slug, row.number, at)
    assert builds.cancel(row.id, at + timedelta(seconds=12))
    assert models.Build.objects.get(id=row.id).state == "cancelled"
    return images.build(person, slug, row.number)
