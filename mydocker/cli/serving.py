"""The pages and the API under WSGI: gunicorn, whose workers are forked from this very process."""

import os
from pathlib import Path
from typing import Any

from django.core.wsgi import get_wsgi_application
from gunicorn.app.base import BaseApplication
from prometheus_client import multiprocess

from mydocker.web import placing
from mydocker.web.turns import TURNS

RECYCLED_AFTER = 20_000
"""Requests after which a worker is replaced, against slow leaks."""


def _one_at_a_time(application: Any) -> Any:
    def answer(environ: Any, start_response: Any) -> Any:
        with TURNS.take():
            return application(environ, start_response)

    return answer


class WebServer(BaseApplication):
    """Gunicorn on a Unix socket that only the gateway may open."""

    def __init__(self, path: Path, workers: int, threads: int) -> None:
        self._options: dict[str, Any] = {
            "bind": f"unix:{path}",
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "preload_app": True,
            # The socket itself is open: its folder lets the gateway through and nobody else.
            "umask": 0,
            "post_worker_init": lambda _worker: placing.listen(),
            "post_fork": lambda _server, _worker: os.umask(0o007),
            "max_requests": RECYCLED_AFTER,
            "max_requests_jitter": RECYCLED_AFTER // 10,
            "keepalive": 75,
            "timeout": 60,
            "graceful_timeout": 5,
            "worker_tmp_dir": "/dev/shm",  # noqa: S108 - heartbeats, in memory
            "forwarded_allow_ips": "*",  # the only peer is the gateway
            "child_exit": lambda _server, worker: multiprocess.mark_process_dead(worker.pid),
            "control_socket_disable": True,
            "proc_name": "mydocker-web",
        }
        self._application = _one_at_a_time(get_wsgi_application())
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn asks for its settings here."""
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """Gunicorn asks for the application here."""
        return self._application
