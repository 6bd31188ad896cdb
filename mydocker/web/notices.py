"""What was just done, said once on the page that follows a form. Carried in the address: only these
words can be.
"""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.http import HttpRequest
from django.utils.translation import gettext

from mydocker.domain.words import gettext_noop as _

NOTICES = {
    "stopped": _("It is stopping. Files stay."),
    "extended": _("Extended: it stays at least an hour longer."),
    "deleted": _("The workspace is deleted. Its environment home is in the trash for 30 days."),
    "saved": _("Saved."),
    "applied": _("Applied. Workspaces that run keep what they were started with."),
    "unchanged": _("Nothing had changed."),
    "image_created": _("The image is made. Say what is in it, then build it."),
    "image_deleted": _("The image is deleted, with its files and builds."),
    "files_added": _("The files are there. The next build takes them."),
    "file_removed": _("The file is deleted. Builds that have it keep it."),
    "used": _("In use. Who works goes on with what they have; the next start has this build."),
    "partly_used": _("In use where you maintain the environment. Others keep what they have."),
    "revoked": _("The token no longer works."),
    "signed_out": _("You are signed out, and what you had opened is closed."),
}


def with_notice(address: str, notice: str) -> str:
    """The address, and what its page says first."""
    parts = urlsplit(address)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "done"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("done", notice)])))


def notice_of(request: HttpRequest) -> str:
    """The sentence that this page says first; mostly none."""
    sentence = NOTICES.get(request.GET.get("done", ""))
    return gettext(sentence) if sentence else ""
