"""A world to look at: people, environments, and a workspace in every state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mydocker.domain.environments import read_environment
from mydocker.domain.people import Person, Role
from mydocker.domain.runs import Phase
from mydocker.services import environments, people
from mydocker.services.operator import OPERATOR
from mydocker.store import models, runs, statistics
from mydocker.store.secrets import seal
from mydocker.store.statistics import Census, Decision, Slept
from tests.web import images_world

JUPYTER: Mapping[str, Any] = {
    "slug": "jupyterlab-python",
    "title": {"en": "JupyterLab and Python", "fr": "JupyterLab et Python"},
    "description": {
        "en": "For beginners in programming and computing. NumPy, SciPy, Matplotlib, Pandas.",
        "fr": "Pour débuter en programmation et en calcul. NumPy, SciPy, Matplotlib, Pandas.",
    },
    "status": "ready",
    "image": "mydocker/jupyterlab-python:latest",
    "ports": [{"number": 8888, "ready": "/api"}],
    "interfaces": [
        {
            "key": "jupyterlab",
            "title": "JupyterLab",
            "link": "https://{{HOST['8888']}}/lab{{USER_REDIRECT}}",
            "auth": "jupyter",
        },
        {
            "key": "terminal",
            "title": {"en": "Terminal", "fr": "Terminal"},
            "link": "https://{{HOST['8888']}}/terminals/1",
            "auth": "jupyter",
        },
        {
            "key": "docs",
            "title": {"en": "NumPy’s guide", "fr": "Guide de NumPy"},
            "link": "https://numpy.example/doc",
        },
    ],
    "resources": {"cpu": 2, "memory": "4 GiB"},
    "homes": {"global": "/home/jovyan", "environment": "/home/jovyan/cours"},
    "lifetime": {"idle": "20 min", "absolute": "12 h", "warning": "5 min"},
    "courses": ["Introduction à la programmation · L1"],
    "tags": ["Pour débuter", "Python"],
    "software": ["Python 3.11", "NumPy", "SciPy", "pandas"],
    "maintainers": ["helene.roussel@example.org"],
    "join_code": "k7mqw2",
}
OTHERS = (
    ("python-l2", "Python scientifique", "Scientific Python", "Analyse numérique · L2", "sci4py"),
    ("xfce-l2", "Bureau Linux XFCE", "Linux desktop XFCE", "Systèmes et réseaux · L2", "xfce42"),
    ("sage-m1", "SageMath", "SageMath", "Combinatoire et calcul algébrique · M1", "sage18"),
    ("torch-m1", "PyTorch, apprentissage profond", "PyTorch, deep learning",
     "Projet tutoré · M1", "torch9"),
    ("cpp-l1", "JupyterLab et C++", "JupyterLab and C++", "Introduction à la programmation · L1",
     "cpp314"),
    ("julia", "Julia", "Julia", "", "julia1"),
    ("r-stat", "R et statistiques", "R and statistics", "Statistiques · L3", "rstat5"),
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """Who and what there is."""

    now: datetime
    student: Person
    other: Person
    teacher: Person
    administrator: Person
    workspaces: Mapping[str, str]
    """Id by state."""
    hosts: Mapping[str, str]
    """A run's host, by state."""


def build(now: datetime) -> World:
    """Make it all."""
    runs.make_local_node()
    student = people.add_local(
        "camille.aubert@example.org", Role.STUDENT, now, name="Camille Aubert"
    )
    other = people.add_local("nadia.benali@example.org", Role.STUDENT, now, name="Nadia Benali")
    teacher = people.add_local(
        "helene.roussel@example.org", Role.TEACHER, now, name="Hélène Roussel"
    )
    administrator = people.add_local(
        "sami.kerbrat@example.org", Role.ADMIN, now, name="Sami Kerbrat"
    )
    environments.apply(OPERATOR, read_environment(JUPYTER), now)
    for slug, french, english, course, code in OTHERS:
        changed = {
            **JUPYTER, "slug": slug, "title": {"fr": french, "en": english},
            "courses": [course] if course else [], "join_code": code,
            "tags": ["Sciences"] if course else ["Calcul"],
        }  # fmt: skip
        environments.apply(OPERATOR, read_environment(changed), now)
    draft = {**JUPYTER, "slug": "rocq", "title": "Preuves avec Rocq", "status": "draft",
             "join_code": "rocq99"}  # fmt: skip
    environments.apply(OPERATOR, read_environment(draft), now)
    made = _Maker(now, student)
    made.ready("python-l2")
    made.starting("xfce-l2")
    made.stopped("sage-m1")
    made.failed("torch-m1")
    made.pulling("cpp-l1")
    made.queued("jupyterlab-python")
    made.stopping("r-stat")
    made.never("julia")
    made.homes()
    _Maker(now, other).ready("jupyterlab-python")
    _Maker(now, teacher).ready("cpp-l1")
    _count(now)
    images_world.build(teacher, other, now)
    return World(now, student, other, teacher, administrator, made.workspaces, made.hosts)


def _count(now: datetime) -> None:
    """What the bookkeeper counted, and what the storekeeper found lacking."""
    id = models.Environment.objects.get(slug="python-l2").id
    for minutes in range(10, 60, 5):
        present = Census(id, standing=4, awake=minutes, asleep=9, waiting=1)
        statistics.record(
            now - timedelta(minutes=minutes), [present], {id: Slept(6 << 20, 9 << 30)}
        )
    facts = {"wanted": 9, "possible": 4, "memory": "410 MiB", "failures": 0}
    statistics.decide([Decision(id, 9, "fixed", 9, 410 << 20, "memory", facts)], now)


class _Maker:
    def __init__(self, now: datetime, person: Person) -> None:
        self.now, self.person = now, person
        self.workspaces: dict[str, str] = {}
        self.hosts: dict[str, str] = {}

    def _workspace(self, slug: str, minutes: int, **values: object) -> models.Workspace:
        environment = models.Environment.objects.get(slug=slug)
        return models.Workspace.objects.create(
            environment=environment, person_id=self.person.id, created_at=self.now,
            asked_at=self.now - timedelta(minutes=minutes), generation=1, **values,
        )  # fmt: skip

    def _run(
        self, workspace: models.Workspace, phase: Phase, seconds: int, **values: object
    ) -> models.Run:
        at = self.now - timedelta(seconds=seconds)
        run = models.Run.objects.create(
            workspace=workspace, environment=workspace.environment, node_id="local", generation=1,
            phase=phase, phase_since=at, definition=workspace.environment.definition,
            secret=seal({"username": "u7kq2m4x", "password": "S3cretOfThisRun12345"}),
            created_at=at, **values,
        )  # fmt: skip
        host = f"{run.id}.mydocker-apps.localhost"
        models.RunHost.objects.create(host=host, run=run, port=8888)
        self.hosts[_state(phase, values)] = host
        return run

    def _tell(self, workspace: models.Workspace, run: models.Run | None, *events: Any) -> None:
        for seconds, kind, facts, actor in events:
            models.StoryEvent.objects.create(
                workspace=workspace, run_id=run.id if run else "", kind=kind, facts=facts,
                actor=actor, at=self.now - timedelta(seconds=seconds),
            )  # fmt: skip

    def ready(self, slug: str) -> None:
        workspace = self._workspace(
            slug, 42, wanted=True, stops_at=self.now + timedelta(minutes=18),
            last_interaction_at=self.now - timedelta(minutes=2),
        )  # fmt: skip
        run = self._run(
            workspace, Phase.READY, 2520, launched=True, published=True,
            ready_at=self.now - timedelta(seconds=2517),
        )  # fmt: skip
        self._tell(
            workspace, run,
            (90_000, "asked", {}, self.person.id),
            (89_996, "ready", {"seconds": "4.1"}, ""),
            (86_000, "stop_asked", {"cause": "idle", "minutes": "20"}, "culler"),
            (85_990, "stopped", {"cause": "idle", "minutes": "20"}, ""),
            (2520, "asked", {}, self.person.id),
            (2520, "admitted", {"node": "alouette"}, ""),
            (2519, "homes_attached", {"paths": "/home/jovyan"}, ""),
            (2519, "container_starting", {}, ""),
            (2518, "answering", {"ports": "8888"}, ""),
            (2517, "ready", {"seconds": "2.8"}, ""),
            (120, "opened", {"interface": "jupyterlab"}, self.person.id),
        )  # fmt: skip
        self.workspaces["ready"] = workspace.id

    def starting(self, slug: str) -> None:
        workspace = self._workspace(slug, 0, wanted=True)
        run = self._run(workspace, Phase.ANSWERING, 4, launched=True)
        self._tell(
            workspace, run,
            (4, "asked", {}, self.person.id), (4, "admitted", {"node": "alouette"}, ""),
            (3, "container_starting", {}, ""), (2, "answering", {"ports": "8888"}, ""),
        )  # fmt: skip
        self.workspaces["starting"] = workspace.id

    def pulling(self, slug: str) -> None:
        workspace = self._workspace(slug, 1, wanted=True)
        run = self._run(workspace, Phase.NEW, 14, pulling=True)
        self._tell(
            workspace, run, (14, "asked", {}, self.person.id),
            (13, "admitted", {"node": "alouette"}, ""),
            (12, "image_pulling", {"image": "mydocker/jupyterlab-cpp:latest"}, ""),
        )  # fmt: skip
        self.workspaces["pulling"] = workspace.id

    def queued(self, slug: str) -> None:
        workspace = self._workspace(slug, 0, wanted=True)
        run = self._run(workspace, Phase.NEW, 2)
        self._tell(workspace, run, (2, "asked", {}, self.person.id))
        self.workspaces["queued"] = workspace.id

    def stopped(self, slug: str) -> None:
        workspace = self._workspace(slug, 5000, wanted=False, stop_cause="idle",
                                    stop_facts={"minutes": "20"})  # fmt: skip
        run = self._run(
            workspace, Phase.ENDED, 300_000, launched=True, cause="idle", facts={"minutes": "20"},
            ready_at=self.now - timedelta(seconds=299_992), ended_at=self.now - timedelta(days=3),
        )  # fmt: skip
        self._tell(
            workspace, run, (300_000, "asked", {}, self.person.id),
            (299_992, "ready", {"seconds": "8"}, ""),
            (260_010, "stop_asked", {"cause": "idle", "minutes": "20"}, "culler"),
            (260_000, "stopped", {"cause": "idle", "minutes": "20"}, ""),
        )  # fmt: skip
        self.workspaces["stopped"] = workspace.id

    def failed(self, slug: str) -> None:
        workspace = self._workspace(slug, 33, wanted=True)
        run = self._run(
            workspace, Phase.ENDED, 1980, launched=True, cause="out_of_memory",
            facts={"memory": "4 GiB"}, ready_at=self.now - timedelta(seconds=1975),
            ended_at=self.now - timedelta(minutes=4),
        )  # fmt: skip
        self._tell(
            workspace, run,
            (1980, "asked", {}, self.person.id), (1975, "ready", {"seconds": "4.6"}, ""),
            (400, "warned", {"cause": "idle", "stops_at": self.now.isoformat()}, "culler"),
            (240, "failed", {"cause": "out_of_memory", "memory": "4 GiB"}, ""),
        )  # fmt: skip
        self.workspaces["failed"] = workspace.id

    def stopping(self, slug: str) -> None:
        workspace = self._workspace(slug, 70, wanted=False, stop_cause="asked")
        run = self._run(
            workspace, Phase.STOPPING, 3606, launched=True, cause="asked",
            ready_at=self.now - timedelta(hours=1),
        )  # fmt: skip
        self._tell(
            workspace, run, (4000, "asked", {}, self.person.id),
            (3, "stop_asked", {"cause": "asked"}, self.person.id), (2, "stopping", {}, ""),
        )  # fmt: skip
        self.workspaces["stopping"] = workspace.id

    def never(self, slug: str) -> None:
        environment = models.Environment.objects.get(slug=slug)
        workspace = models.Workspace.objects.create(
            environment=environment, person_id=self.person.id, created_at=self.now
        )
        self.workspaces["never"] = workspace.id

    def homes(self) -> None:
        models.Home.objects.create(
            id=f"g{self.person.id}", person_id=self.person.id, used_bytes=6_657_000_000,
            measured_at=self.now - timedelta(minutes=5), created_at=self.now,
        )  # fmt: skip
        ready = self.workspaces["ready"]
        models.Home.objects.create(
            id=f"w{ready}", person_id=self.person.id, workspace_id=ready, used_bytes=431_000_000,
            measured_at=self.now - timedelta(minutes=5), created_at=self.now,
        )  # fmt: skip


def _state(phase: Phase, values: Mapping[str, object]) -> str:
    if phase is Phase.ENDED:
        return "failed" if values.get("cause") == "out_of_memory" else "stopped"
    return phase.name.lower()
