"""What shells, networks, Git and engines say when a build fails, and what it means."""

import re

from mydocker.domain.recipes.causes import Rule, entry_of, file_of_context, user_of_step
from mydocker.domain.words import gettext_noop as _

_COMMANDS = {
    "curl": "curl", "wget": "wget", "git": "git", "gcc": "build-essential", "make":
    "build-essential", "g++": "build-essential", "cc": "build-essential", "cmake": "cmake",
    "gfortran": "gfortran", "unzip": "unzip", "zip": "zip", "bzip2": "bzip2", "xz": "xz-utils",
    "pip": "python3-pip", "pip3": "python3-pip", "python": "python-is-python3",
    "python3": "python3", "npm": "npm", "node": "nodejs", "R": "r-base", "Rscript": "r-base",
    "java": "default-jdk", "javac": "default-jdk", "pdflatex": "texlive", "dot": "graphviz",
    "xelatex": "texlive-xetex", "pandoc": "pandoc", "ffmpeg": "ffmpeg", "gpg": "gnupg",
    "add-apt-repository": "software-properties-common", "locale-gen": "locales", "ps": "procps",
    "pg_config": "libpq-dev", "convert": "imagemagick", "file": "file", "patch": "patch",
    "pkg-config": "pkg-config", "sudo": "sudo",
}  # fmt: skip
_AGAIN = _("Build again in a few minutes; if it happens again, write to support.")

CAUSES: tuple[Rule, ...] = (
    # --- limits
    Rule(
        re.compile(r"No space left on device|ENOSPC|[Dd]isk quota exceeded"),
        _("The build filled the disk space that it may use."),
        _("Install less, and delete caches and archives in the RUN that makes them."),
    ),
    Rule(
        re.compile(
            r"exit code:? 137|non-zero code: 137|exit status 137|Cannot allocate memory"
            r"|\bMemoryError\b|JavaScript heap out of memory|virtual memory exhausted"
            r"|[Kk]illed signal terminated program|out of memory"
        ),
        _("The build needed more memory than it may use, and was ended."),
        _("Compile with fewer processes (make -j1), or take ready-made packages."),
    ),
    Rule(
        re.compile(
            r"exit code:? 124|non-zero code: 124|exit status 124|context deadline exceeded"
            r"|time limit (?:of .* )?(?:reached|exceeded|is over|was over)"
        ),
        _("The build took longer than it may, and was ended."),
        _("Does a command wait for an answer or never end? Else take ready-made packages."),
    ),
    # --- names and certificates
    Rule(
        re.compile(
            r"(?:Temporary failure resolving '|[Cc]ould not resolve host:? '?|ENOTFOUND "
            r"|EAI_AGAIN |lookup )(?P<name>[\w.-]+)"
        ),
        _("The name %(name)s could not be resolved: the build found no such server."),
        _("Is the address right? A build may reach the servers of packages only."),
    ),
    Rule(
        re.compile(
            r"(?i:Temporary failure in name resolution|Name or service not known|no such host)"
        ),
        _("The name of a server could not be resolved."),
        _("Is the address right? A build may reach the servers of packages only."),
    ),
    Rule(
        re.compile(
            r"(?i:CERTIFICATE_VERIFY_FAILED|certificate verif\w+ failed|SELF_SIGNED_CERT"
            r"|unable to get local issuer certificate|certificate signed by unknown authority"
            r"|certificate problem|certificate has expired|SSL certificate)"
        ),
        _("The certificate of a server was refused."),
        _("The network may need an authority of its own: ask the administrators to set it."),
    ),
    # --- Git
    Rule(
        re.compile(
            r"fatal: repository '(?P<name>[^']+)' (?:not found|does not exist)"
            r"|fatal: could not read Username for '(?P<name_2>[^']+)'|Repository not found"
        ),
        _("The Git repository does not exist, or is not public."),
        _("Open its address in a private window: what asks to sign in is not public."),
    ),
    Rule(
        re.compile(
            r"Remote branch (?P<name>\S+) not found|couldn't find remote ref (?P<name_2>\S+)"
            r"|pathspec '(?P<name_3>[^']+)' did not match"
        ),
        _("The repository has no such branch, tag or commit."),
        _("Is it spelled right? Many repositories say main, others master."),
    ),
    # --- the engine
    Rule(
        re.compile(r"(?:pull access denied for|repository) (?P<name>[\w./:@-]+),? .*(?:not exist)"),
        _("There is no image %(name)s, or it is not public."),
        _("Is the name after FROM right? A private registry needs its credentials here."),
    ),
    Rule(
        re.compile(
            r"manifest for (?P<name>[\w./:@-]+) not found|manifest unknown"
            r"|source metadata for (?P<name_2>[\w./:@-]+):? .*not found"
        ),
        _("The registry has no such image or tag."),
        _("Look the tags up on the image's page, and write one of them after FROM."),
    ),
    Rule(
        re.compile(r"toomanyrequests|429 Too Many Requests|pull rate limit"),
        _("A server answers no more for now: it was asked too often."),
        _("Build again in an hour, or take a base of the catalogue."),
    ),
    Rule(
        re.compile(r"no matching manifest for (?P<name>\S+)"),
        _("The base does not exist for this processor, %(name)s."),
        _("Choose a base that does."),
    ),
    Rule(
        re.compile(
            r"(?:COPY|ADD) failed: .*?\bstat "
            r"(?:\S*/docker-builder\d+/)?(?P<name>[^\s:]+)"
            r"|failed to (?:compute|calculate) .*\"(?P<name_2>[^\"]+)\": not found"
        ),
        _("COPY finds no such file beside the recipe."),
        _("Upload the file, or correct its name: capitals count."),
        file_of_context,
        _("There is %(near)s: write this name, or upload the other file."),
    ),
    Rule(
        re.compile(r"copier: stat: \"(?P<name>[^\"]+)\": no such file"),
        _("COPY finds no such file beside the recipe."),
        _("Upload the file, or correct its name: capitals count."),
        file_of_context,
        _("There is %(near)s: write this name, or upload the other file."),
    ),
    Rule(
        re.compile(r"[Dd]ockerfile parse error.*?line (?P<at>\d+): (?P<detail>.+)"),
        _("The Dockerfile cannot be read at line %(at)s: %(detail)s"),
        _("Look at that line and the one before it: a backslash may be missing."),
    ),
    Rule(
        re.compile(r"unknown instruction: (?P<name>\S+)"),
        _("There is no instruction %(name)s in a Dockerfile."),
        _("If the line continues the one before it, end that one with a backslash."),
    ),
    Rule(
        re.compile(r"unable to find user (?P<name>[\w.-]+)"),
        _("There is no user %(name)s in this image."),
        _("Add the user with RUN useradd before this line, or write a number."),
    ),
    Rule(
        re.compile(r"exec format error"),
        _("A program was made for another processor."),
        _("Download the one for this processor, or choose another base."),
    ),
)  # fmt: skip

CONSEQUENCES: tuple[Rule, ...] = (
    Rule(
        re.compile(
            r"(?:(?:ba|da|a|z)?sh: )(?:(?:line )?\d+: )?(?P<name>[\w./+-]+): (?:command )?not found"
            r"|exec: \"(?P<name_2>[^\"]+)\": executable file not found"
        ),
        _("The command %(name)s is not in the image."),
        _("Install it in a step before, or correct its name."),
        entry_of(_COMMANDS),
        _("Add %(near)s to the system packages (apt)."),
    ),
    Rule(
        re.compile(r"(?i:permission denied|EACCES|Operation not permitted|Read-only file system)"),
        _("This step may not write or run what it wants to."),
        _("Write USER root before this line, and the former user after it."),
        user_of_step,
        _("This step runs as %(near)s: write USER root before it, and USER %(near)s after it."),
    ),
    Rule(
        re.compile(
            r"(?i:syntax error|Syntaxerror: |unexpected end of file|unterminated quoted string"
            r"|unexpected EOF while looking)"
        ),
        _("A command of this step is not written right."),
        _("Look for a quote, a bracket or a backslash that is missing."),
    ),
    Rule(
        re.compile(
            r"(?i:network is unreachable|connection refused|connection timed out|read timed out"
            r"|connection reset by peer|no route to host|ETIMEDOUT|ECONNREFUSED|ECONNRESET"
            r"|ENETUNREACH|i/o timeout|TLS handshake timeout|Max retries exceeded"
            r"|Unable to connect to)"
        ),
        _("A server did not answer."),
        _AGAIN,
    ),
    Rule(
        re.compile(
            r"(?:(?i:error):? |HTTP\S* |status |: |^)40[13]\b|40[13]\s+(?:Forbidden|Unauth)"
        ),
        _("A server refused to hand out a file (HTTP 401 or 403)."),
        _("What is not public cannot be downloaded in a build: upload the file beside the recipe."),
    ),
    Rule(
        re.compile(r"(?:(?i:error):? |HTTP\S* |status |: |^)404\b|404\s+Not Found"),
        _("A file is no longer where the recipe looks for it (HTTP 404)."),
        _("Open the address in a browser, and correct it in the recipe."),
    ),
    Rule(
        re.compile(r"(?:(?i:error):? |HTTP\S* |status )50[0234]\b|50[234] (?:Bad|Service|Gateway)"),
        _("A server has a fault of its own (HTTP 5xx)."),
        _AGAIN,
    ),
    Rule(
        re.compile(r"(?<![\w./-])(?P<name>[\w./-]+)'?: No such file or directory"),
        _("There is no file or folder %(name)s at this step."),
        _("COPY it or make it before this line; a step does not see another step's cd."),
    ),
)  # fmt: skip

ENDINGS: tuple[Rule, ...] = (
    Rule(
        re.compile(r"^Killed$|: Killed$|exit code:? 139|non-zero code: 139|Segmentation fault"),
        _("A program of this step was killed, most often because it needed too much memory."),
        _("Compile with fewer processes (make -j1), or take ready-made packages."),
    ),
    Rule(
        re.compile(r"(?:exit code:?|non-zero code:|exit status) 127\b"),
        _("A command of this step is not in the image."),
        _("Install it in a step before, or correct its name."),
    ),
    Rule(
        re.compile(r"(?:exit code:?|non-zero code:|exit status) 126\b"),
        _("A file of this step cannot be run as a program."),
        _("Make it executable first: chmod +x."),
    ),
)
