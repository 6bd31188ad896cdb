"""A failed build is explained from its log: the cause, the line, the mend."""

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydocker.domain.recipes import Explanation, explain, steps
from mydocker.domain.recipes.explaining import _TIERS

DOCKERFILE = (
    "FROM mydocker/jupyterlab-python\n"
    "COPY notes.csv /data/\n"
    "USER jovyan\n"
    "RUN pip install numpy scipyy matplotlib \\\n"
    "    numppy==9.9\n"
)
STEPS = steps(DOCKERFILE)
CLASSIC = "The command '/bin/sh -c pip install x' returned a non-zero code: "


def explained(log: str, step: int | None = 4) -> Explanation:
    return explain(log.split("\n"), STEPS, step, files=["data/Notes.csv", "x.py"])


LOGS = {
    "apt: unknown": (
        (
            "Reading package lists...\nBuilding dependency tree...\n"
            f"E: Unable to locate package graphvizz\n{CLASSIC}100"
        ),
        "There is no system package graphvizz. Did you mean graphviz?",
    ),
    "apt: unknown, far from all": (
        "E: Unable to locate package qqqqqqq",
        "There is no system package qqqqqqq. Is it spelled right?",
    ),
    "apt: no candidate": (
        "E: Package 'python-pip' has no installation candidate",
        "The system package python-pip cannot be installed on this base.",
    ),
    "apt: version": (
        "E: Version '9.9' for 'graphviz' was not found",
        "does not come in version 9.9. Leave out the version",
    ),
    "apt: stale": (
        (
            "Err:3 http://deb.example.org bookworm/main amd64 curl amd64 7.88\n  404  Not Found\n"
            "E: Failed to fetch http://deb.example.org/pool/c/curl_7.88_amd64.deb  404  Not Found"
            " [IP: 10.0.0.1 80]\nE: Unable to fetch some archives, maybe run apt-get update"
            " or try with --fix-missing?"
        ),
        "older than the server: curl_7.88_amd64.deb is gone from it. Run apt-get update",
    ),
    "apt: held": (
        (
            "The following packages have unmet dependencies:\n"
            " libfoo-dev : Depends: libfoo1 (= 1.2) but 1.3 is to be installed\n"
            "E: Unable to correct problems, you have held broken packages."
        ),
        "libfoo-dev needs libfoo1, which cannot be installed with the rest.",
    ),
    "apt: hash": (
        "E: Failed to fetch http://x/Packages.gz  Hash Sum mismatch",
        "not what the list of packages promised",
    ),
    "apt: not root": (
        (
            "E: Could not open lock file /var/lib/dpkg/lock-frontend - open"
            " (13: Permission denied)\n"
            "E: Unable to acquire the dpkg frontend lock, are you root?"
        ),
        "Only root may install system packages",
    ),
    "pip: unknown": (
        (
            "ERROR: Could not find a version that satisfies the requirement scipyy (from versions:"
            " none)\nERROR: No matching distribution found for scipyy"
        ),
        (
            "pip finds no package scipyy, or none for this Python and this processor."
            " Did you mean scipy?"
        ),
    ),
    "pip: import name": (
        "#9 1.204 ERROR: No matching distribution found for sklearn",
        "Did you mean scikit-learn?",
    ),
    "pip: close to a name of the recipe": (
        "ERROR: No matching distribution found for scipyyy==1",
        "Did you mean scipyy?",
    ),
    "pip: version": (
        (
            "Collecting numppy==9.9\nERROR: Could not find a version that satisfies the requirement"
            " numpy==9.9 (from versions: 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 2.0, 2.4.0)\n"
            f"ERROR: No matching distribution found for numpy==9.9\n{CLASSIC}1"
        ),
        (
            "There is no version ==9.9 of numpy for this Python."
            " There are: … 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 2.0, 2.4.0."
        ),
    ),
    "pip: other Python": (
        "ERROR: Package 'numpy' requires a different Python: 3.11.2 not in '>=3.12'",
        "numpy does not run on this base's Python, 3.11.2.",
    ),
    "pip: conflict": (
        (
            "ERROR: Cannot install numba==0.50 and numpy==2.4 because these package versions have"
            " conflicting dependencies.\nERROR: ResolutionImpossible: for help visit x"
        ),
        "cannot be installed together: numba==0.50 and numpy==2.4.",
    ),
    "pip: hash": (
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have"
            " updated the package versions, please update the hashes."
        ),
        "whose hash the recipe gives",
    ),
    "pip: wheel": (
        "ERROR: a-1-cp39-none-win_amd64.whl is not a supported wheel on this platform.",
        "was made for another Python",
    ),
    "pip: system": ("error: externally-managed-environment", "python3 -m venv /opt/venv"),
    "pip: none": ("/usr/bin/python3: No module named pip", "Add python3-pip"),
    "pip: file": (
        "ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'req.txt'",
        "The file req.txt is not in the image",
    ),
    "uv: conflict": (
        "  × No solution found when resolving dependencies:\n  ╰─▶ Because only x is available",
        "cannot be installed together",
    ),
    "compiler: header": (
        (
            "src/x.c:1:10: fatal error: Python.h: No such file or directory\n"
            "compilation terminated.\n"
            "error: command '/usr/bin/gcc' failed with exit code 1\n"
            "ERROR: Failed building wheel for x"
        ),
        "the file Python.h is missing. Add python3-dev to the system packages (apt).",
    ),
    "compiler: none": (
        (
            "error: command 'gcc' failed: No such file or directory\n"
            "ERROR: Failed building wheel for pystan\nERROR: Could not build wheels for pystan"
        ),
        "there is no compiler to make it. Add build-essential",
    ),
    "compiler: failed": (
        "ERROR: Failed building wheel for pystan",
        "pystan has no ready-made file for this base",
    ),
    "conda: unknown": (
        (
            "error    libmamba Could not solve for environment specs\n"
            "    The following package could not be installed\n"
            "    └─ suitesparsee =* * does not exist (perhaps a typo or a missing channel)."
        ),
        "There is no package suitesparsee =* * in these channels. Did you mean suitesparse?",
    ),
    "conda: conflict": (
        "UnsatisfiableError: The following specifications were found to be incompatible",
        "conda packages cannot be installed together",
    ),
    "conda: unavailable": (
        "PackagesNotFoundError: The following packages are not available from current channels:",
        "in none of these channels",
    ),
    "conda: none": ("This base has neither micromamba nor conda.", "Choose a base with conda"),
    "conda: checksum": ("ChecksumMismatchError: Conda detected a mismatch", "promised"),
    "npm: unknown": (
        (
            "npm error code E404\nnpm error 404 Not Found - GET https://npm.example.org/typescrip\n"
            "npm error 404  'typescrip@*' is not in this registry.\nnpm error 404"
        ),
        "There is no Node.js package typescrip. Did you mean typescript?",
    ),
    "npm: version": (
        "npm ERR! notarget No matching version found for typescript@99.",
        "typescript does not come in version 99. Leave out the version",
    ),
    "npm: conflict": ("npm ERR! code ERESOLVE\nnpm ERR! ERESOLVE could not resolve", "together"),
    "npm: integrity": ("npm ERR! code EINTEGRITY", "promised"),
    "R: unknown": (
        "Warning message:\npackage ‘ggplott2’ is not available for this version of R",
        "There is no R package ggplott2 for this base's R. Did you mean ggplot2?",
    ),
    "R: library": (
        (
            "-------- ANTICONF ERROR --------\nConfiguration failed because libcurl was not found."
            " Try installing:\n * deb: libcurl4-openssl-dev (Debian, Ubuntu, etc)\n"
            "ERROR: configuration failed for package ‘curl’"
        ),
        "Add libcurl4-openssl-dev to the system packages (apt).",
    ),
    "R: mirror": (
        "Error in contrib.url(repos, type) : \n  trying to use CRAN without setting a mirror",
        "sets a mirror of CRAN",
    ),
    "R: missing": ("Error in library(zoo) : there is no package called ‘zoo’", "Add zoo to"),
    "R: dependency": (
        "ERROR: dependency ‘sf’ is not available for package ‘tmap’",
        "A package of R needs sf",
    ),
    "R: our own": ("Error: not installed: zoo, sf\nExecution halted", "installed: zoo, sf."),
    "R: failed": (
        "installation of package ‘sf’ had non-zero exit status",
        "The R package sf could not be compiled.",
    ),
    "disk": (
        "OSError: [Errno 28] No space left on device\nERROR: Could not install packages",
        "filled the disk space",
    ),
    "memory": (f"cc1plus: x\nKilled\n{CLASSIC}137", "more memory than it may use"),
    "memory, BuildKit": (
        'ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 137',
        "more memory than it may use",
    ),
    "killed": ("make: *** [x] Error 1\nKilled", "was killed"),
    "time": (f"Proceed ([y]/n)? \n{CLASSIC}124", "took longer than it may"),
    "name": (
        (
            "W: Failed to fetch x  Temporary failure resolving 'deb.example.org'\n"
            "E: Some index files failed to download."
        ),
        "The name deb.example.org could not be resolved",
    ),
    "name, curl": ("curl: (6) Could not resolve host: data.example.org", "data.example.org"),
    "name, npm": ("npm ERR! getaddrinfo ENOTFOUND npm.example.org", "npm.example.org"),
    "name, pip": (
        "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution",
        "The name of a server could not be resolved.",
    ),
    "certificate": (
        "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] x (_ssl.c:992)'))",
        "The certificate of a server was refused.",
    ),
    "certificate, curl": (
        "curl: (60) SSL certificate problem: unable to get local issuer certificate",
        "The certificate of a server was refused.",
    ),
    "certificate, npm": ("npm ERR! code SELF_SIGNED_CERT_IN_CHAIN", "certificate"),
    "network": ("connect: Network is unreachable", "A server did not answer."),
    "network, timeout": ("npm ERR! code ETIMEDOUT", "A server did not answer."),
    "403": ("curl: (22) The requested URL returned error: 403", "refused to hand out a file"),
    "403, wget": ("ERROR 403: Forbidden.", "refused to hand out a file"),
    "404": ("curl: (22) The requested URL returned error: 404", "no longer where"),
    "502": ("HTTP error 502 Bad Gateway", "a fault of its own"),
    "git: repository": (
        "fatal: repository 'https://git.example.org/a/b/' not found",
        "does not exist, or is not public",
    ),
    "git: private": (
        "fatal: could not read Username for 'https://git.example.org': No such device or address",
        "does not exist, or is not public",
    ),
    "git: branch": (
        "fatal: Remote branch main not found in upstream origin",
        "Many repositories say main",
    ),
    "image: unknown": (
        (
            "pull access denied for jupyterlabb, repository does not exist or may require"
            " 'docker login'"
        ),
        "There is no image jupyterlabb",
    ),
    "image: tag": (
        "manifest for python:9 not found: manifest unknown: manifest unknown",
        "no such image or tag",
    ),
    "image: too often": ("toomanyrequests: You have reached your pull rate limit", "too often"),
    "image: processor": ("no matching manifest for linux/arm64/v8 in the list", "linux/arm64/v8"),
    "copy": (
        (
            "COPY failed: file not found in build context or excluded by .dockerignore:"
            " stat notes.csv: file does not exist"
        ),
        "COPY finds no such file beside the recipe. There is data/Notes.csv",
    ),
    "copy, BuildKit": (
        (
            "ERROR: failed to solve: failed to compute cache key: failed to calculate checksum"
            ' of ref abc: "/nothing": not found'
        ),
        "COPY finds no such file beside the recipe. Upload the file",
    ),
    "copy, buildah": (
        (
            'Error: building at STEP "COPY x.pi /": checking on sources under "/c": copier: stat:'
            ' "/x.pi": no such file or directory'
        ),
        "There is x.py",
    ),
    "parse": (
        "Error response from daemon: dockerfile parse error line 3: unknown instruction: RNU",
        "cannot be read at line 3: unknown instruction: RNU",
    ),
    "instruction": ("unknown instruction: RNU", "There is no instruction RNU"),
    "user": ("unable to find user bob: no matching entries in passwd file", "no user bob"),
    "processor": ("exec /usr/bin/x: exec format error", "another processor"),
    "command": (
        f"/bin/sh: 1: curl: not found\n{CLASSIC}127",
        "The command curl is not in the image. Add curl to the system packages (apt).",
    ),
    "command, bash": ("bash: line 1: foo: command not found", "foo is not in the image. Install"),
    "command, exec": (
        'exec: "git": executable file not found in $PATH: unknown',
        "The command git is not in the image. Add git",
    ),
    "command, silent": (f"x\n{CLASSIC}127", "A command of this step is not in the image."),
    "not a program": (f"x\n{CLASSIC}126", "chmod +x"),
    "permission": (
        "mkdir: cannot create directory '/opt/x': Permission denied",
        "This step runs as jovyan: write USER root before it, and USER jovyan after it.",
    ),
    "syntax": (
        "/bin/sh: 1: Syntax error: Unterminated quoted string",
        "not written right",
    ),
    "syntax, Python": ("SyntaxError: invalid syntax", "not written right"),
    "file": (
        "chmod: cannot access '/x/start.sh': No such file or directory",
        "There is no file or folder /x/start.sh",
    ),
    "module": ("ModuleNotFoundError: No module named 'yaml'", "needs yaml"),
}


@pytest.mark.parametrize("name", LOGS)
def test_a_cause_is_told_with_its_mend(name: str) -> None:
    log, says = LOGS[name]
    explanation = explained(log)
    assert says in " ".join(explanation.told())
    assert explanation.line == 4
    assert explanation.said and explanation.said in re.sub(r"#\d+ [\d.]+ ", "", log)


def test_noise_behind_the_cause_does_not_hide_it() -> None:
    for name, (log, says) in LOGS.items():
        noisy = f"Collecting x\n{log}\nRemoving intermediate container abc\n\n ---> 12\n"
        assert says in " ".join(explained(noisy).told()), name


def test_logs_of_buildkit_and_colours_are_read_alike() -> None:
    log = "\x1b[91m#12 3.456 E: Unable to locate package graphvizz\x1b[0m\r\n#12 ERROR: x"
    assert "graphvizz" in explained(log).message % explained(log).facts
    written_over = " 10%\r 50%\rE: Unable to locate package graphvizz"
    assert explained(written_over).said == "E: Unable to locate package graphvizz"


def test_of_two_causes_the_later_one_counts() -> None:
    log = "/bin/sh: 1: curl: not found\n" * 3 + "E: Unable to locate package qq\nx"
    assert "qq" in explained(log).told()[0]
    first = "E: Unable to locate package aa\nE: Unable to locate package bb"
    assert "bb" in explained(first).told()[0]


def test_what_is_unknown_shows_the_last_line_that_is_no_progress() -> None:
    log = (
        "Traceback:\nthe moon is in the wrong house\n 45% \n ---> Running in abc\n"
        "[notice] new pip\n"
        f"Removing intermediate container abc\n{CLASSIC}1"
    )
    explanation = explained(log)
    assert explanation.told()[0] == "RUN in line 4 failed: the moon is in the wrong house"
    assert explained(log, None).told()[0] == "The build stopped: the moon is in the wrong house"
    assert explained(log, None).line is None
    assert "does not say why" in explained("").told()[0]
    assert "does not say why" in explain([], [], 7).told()[0]


def test_a_step_that_runs_as_root_is_not_told_to() -> None:
    root = explain(["x: Permission denied"], steps("FROM a\nUSER root\nRUN x"), 3)
    assert "runs as" not in " ".join(root.told())


def test_every_rule_has_a_log_that_needs_it() -> None:
    used = {explained(log).message for log, _says in LOGS.values()}
    messages = {rule.message for tier in _TIERS for rule in tier}
    assert len(messages - used) <= 8, messages - used


@given(
    st.lists(
        st.sampled_from([line for log, _says in LOGS.values() for line in log.split("\n")])
        | st.text(max_size=40)
        | st.sampled_from(["%s", "%(x)s", "%", "\ud800", "a" * 5_000, "\x1b[31m", "\r"]),
        max_size=8,
    ),
    st.none() | st.integers(-1, 9),
)
def test_any_log_is_explained_in_whole_sentences(lines: list[str], step: int | None) -> None:
    explanation = explain(lines, STEPS, step)
    message, hint = explanation.told()
    assert message and hint
    assert len(message) < 1_000
    message.encode()
    assert explanation == explain(lines, STEPS, step)


@pytest.mark.parametrize(
    "line", ["a" * 500, "a." * 250, "- a" * 160, "error " * 80, "lookup " * 70, ": " * 250]
)
def test_no_log_costs_more_than_a_moment(line: str) -> None:
    begin = process_time()
    explain([line] * 1_000, STEPS, 4)
    assert process_time() - begin < 5
