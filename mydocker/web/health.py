"""For machines: is the process alive, can the service work, and its figures."""

import os

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from mydocker.web import parts


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 once the first environment can start, else 503 with what is missing."""
    readiness = parts.readiness()
    status = 200 if readiness.is_ready else 503
    return JsonResponse(
        {"ready": readiness.is_ready, "missing": dict(readiness.missing)}, status=status
    )


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus."""
    parts.refresh_metrics()
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # what the other processes counted, too
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
