"""What the gateway tells a program that it refuses: the same shape as the API's errors."""

import json
from dataclasses import dataclass
from typing import Final

REFERENCE: Final = "g-%{+X}o%Ts-%rt%{-X}o"
"""What names one request, in the log and to the person: time and count, in hexadecimal. HAProxy
knows both anyway; a random `unique-id` would be made for each request, told or not."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal; `message` and `hint` are (English, French)."""

    status: int
    code: str
    message: tuple[str, str]
    hint: tuple[str, str]
    headers: str = ""
    """More headers, as HAProxy's configuration writes them."""
    unless: str = ""
    """A condition, as HAProxy's configuration writes it, that must hold besides."""

    def body(self, language: str) -> str:
        """Return the JSON, with HAProxy's reference to be filled in."""
        words = 1 if language == "fr" else 0
        content = {
            "code": self.code,
            "message": self.message[words],
            "hint": self.hint[words],
            "reference": "@reference@",
        }
        text = json.dumps(content, ensure_ascii=False).replace("%", "%%")
        return text.replace("@reference@", REFERENCE) + "\n"


REFUSALS: Final = (
    Refused(
        401,
        "no_grant",
        (
            "This browser may not enter this workspace, or no longer.",
            "Ce navigateur ne peut pas, ou ne peut plus, entrer dans cet espace.",
        ),
        (
            "Reload the page: the dashboard signs you in and brings you back here.",
            "Rechargez la page\N{NO-BREAK SPACE}: le tableau de bord vous identifie et vous ramène ici.",
        ),
    ),
    Refused(
        410,
        "run_ended",
        (
            "The workspace at this address has stopped.",
            "L’espace à cette adresse est arrêté.",
        ),
        (
            "Reload the page: the dashboard offers to start it again. Your files are safe.",
            "Rechargez la page\N{NO-BREAK SPACE}: le tableau de bord propose de le relancer. Vos fichiers sont là.",
        ),
        headers=""" hdr clear-site-data '"storage"'""",
    ),
    Refused(
        403,
        "foreign_page",
        (
            "This request comes from a page that does not belong to this workspace.",
            "Cette demande vient d’une page qui n’appartient pas à cet espace.",
        ),
        (
            "Open the workspace itself, from the dashboard.",
            "Ouvrez l’espace lui-même, depuis le tableau de bord.",
        ),
    ),
    Refused(
        429,
        "asleep",
        (
            "The workspace sleeps; it was not woken for this request.",
            "L’espace dort\N{NO-BREAK SPACE}; cette demande ne l’a pas réveillé.",
        ),
        (
            "Open a page of it, or send POST to /.mydocker/awake: it is awake at once.",
            "Ouvrez une de ses pages, ou envoyez POST à /.mydocker/awake\N{NO-BREAK SPACE}: il se réveille aussitôt.",
        ),
        headers=" hdr retry-after 30",
        unless="!{ var(txn.wakes) -m found }",
    ),
    Refused(
        503,
        "cannot_wake",
        (
            "The workspace sleeps and could not be woken: its server does not answer.",
            "L’espace dort et n’a pas pu être réveillé\N{NO-BREAK SPACE}: son serveur ne répond pas.",
        ),
        (
            "Try again in a few seconds. Nothing is lost.",
            "Réessayez dans quelques secondes. Rien n’est perdu.",
        ),
        headers=" hdr retry-after 3",
        unless="{ var(txn.bell) -m str away }",
    ),
    Refused(
        421,
        "wrong_host",
        ("Nothing lives at this address.", "Il n’y a rien à cette adresse."),
        (
            "Check the host name, or start from the dashboard.",
            "Vérifiez le nom d’hôte, ou partez du tableau de bord.",
        ),
    ),
    Refused(
        404,
        "reserved_path",
        (
            "Paths under /.mydocker/ belong to the gateway.",
            "Les chemins sous /.mydocker/ sont à la passerelle.",
        ),
        (
            "Serve the file under another name.",
            "Servez le fichier sous un autre nom.",
        ),
        unless="!{ path /.mydocker/enter }",
    ),
    Refused(
        405,
        "wrong_method",
        (
            "The gateway passes on neither CONNECT nor TRACE.",
            "La passerelle ne transmet ni CONNECT ni TRACE.",
        ),
        ("Use another method.", "Utilisez une autre méthode."),
    ),
)
