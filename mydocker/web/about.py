"""Pages that say how things are: help, state of the service, accessibility, personal data."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mydocker.domain.runs import Phase
from mydocker.store import pages
from mydocker.web import parts
from mydocker.web.context import institution
from mydocker.web.errors import report_link
from mydocker.web.rendering import render


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """How to do what most people come for, and whom to ask."""
    return render(request, "about/help.html", {"report": report_link(request, "question")})


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Whether everything works, and how much is open."""
    phases = pages.live_by_phase()
    context = {
        "readiness": parts.readiness(),
        "open_count": phases.get(Phase.READY, 0),
        "starting_count": sum(
            phases.get(each, 0) for each in (Phase.NEW, Phase.STARTING, Phase.ANSWERING)
        ),
    }
    return render(request, "about/status.html", context)


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """What was checked, and what to do where it fails."""
    return render(request, "about/accessibility.html", {"report": report_link(request, "access")})


@require_safe
def your_data(request: HttpRequest) -> HttpResponse:
    """What is kept about whom, and for how long."""
    hours = int(settings.MYDOCKER.login_lifetime.total_seconds() // 3600)
    return render(request, "about/your_data.html", {"login_hours": hours})


@require_safe
def theme(request: HttpRequest) -> HttpResponse:
    """The institution's accent; everything else of the style sheet holds for any hue."""
    sheet = f":root{{--brand-h:{institution().hue % 360}}}\n"
    response = HttpResponse(sheet, content_type="text/css")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
