"""Answers that many views give."""

from django.http import HttpResponse, HttpResponseRedirect


def see_other(address: str) -> HttpResponse:
    """303: the form was understood; go and look there. Nothing of it is kept or passed on."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response


def leave_quietly(address: str) -> HttpResponse:
    """303 to an address that is a secret for as long as it is good."""
    response = see_other(address)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
