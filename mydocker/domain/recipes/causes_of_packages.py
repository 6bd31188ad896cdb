"""What the managers of packages say when they fail, and what it means."""

import re

from mydocker.domain.recipes.causes import Rule, entry_of, package_of
from mydocker.domain.words import gettext_noop as _

# What apt calls the package that has a file or a program which others ask for.
_HEADERS = {
    "Python.h": "python3-dev", "ffi.h": "libffi-dev", "openssl/ssl.h": "libssl-dev",
    "openssl/opensslv.h": "libssl-dev", "zlib.h": "zlib1g-dev", "curl/curl.h":
    "libcurl4-openssl-dev", "libxml/xpath.h": "libxml2-dev", "libxml/parser.h": "libxml2-dev",
    "mpi.h": "libopenmpi-dev", "graphviz/cgraph.h": "libgraphviz-dev", "libpq-fe.h": "libpq-dev",
    "mysql.h": "default-libmysqlclient-dev", "gdal.h": "libgdal-dev", "hdf5.h": "libhdf5-dev",
    "png.h": "libpng-dev", "jpeglib.h": "libjpeg-dev", "gmp.h": "libgmp-dev",
    "mpfr.h": "libmpfr-dev", "portaudio.h": "portaudio19-dev", "sqlite3.h": "libsqlite3-dev",
    "readline/readline.h": "libreadline-dev", "ncurses.h": "libncurses-dev",
    "boost/config.hpp": "libboost-dev", "Eigen/Dense": "libeigen3-dev",
}  # fmt: skip
_HIDDEN = _("Is it spelled right? Search for the package's name; what is imported may differ.")
_NEAR = _("Did you mean %(near)s?")
_COMPILERS = _("Add build-essential to the system packages (apt), or take another version.")
_RELAX = _("Ask for fewer fixed versions: leave out those that the course does not need.")
_NOT_FOUND = _("There is no package %(name)s.")

CAUSES: tuple[Rule, ...] = (
    # --- apt
    Rule(
        re.compile(r"E: Unable to locate package (?P<name>\S+)"),
        _("There is no system package %(name)s."),
        _("Is it spelled right? In a Dockerfile, run apt-get update in the same RUN before it."),
        package_of("apt"),
        _NEAR,
    ),
    Rule(
        re.compile(r"E: Package '(?P<name>[^']+)' has no installation candidate"),
        _("The system package %(name)s cannot be installed on this base."),
        _("It may have another name there, or belong to another edition of the system."),
        package_of("apt"),
        _NEAR,
    ),
    Rule(
        re.compile(r"E: Version '(?P<version>[^']+)' for '(?P<name>[^']+)' was not found"),
        _("The system package %(name)s does not come in version %(version)s."),
        _("Leave out the version: a base has one version of each system package."),
    ),
    Rule(
        re.compile(r"E: Failed to fetch \S*/(?P<name>[^/\s]+\.deb)\s+404"),
        _("The list of system packages is older than the server: %(name)s is gone from it."),
        _("Run apt-get update in the same RUN as apt-get install, or build without cache."),
    ),
    Rule(
        re.compile(r"^\s*(?P<name>[\w.+:-]+) : (?:Pre)?Depends: (?P<other>[\w.+:-]+).*\bbut\b"),
        _("The system package %(name)s needs %(other)s, which cannot be installed with the rest."),
        _("Leave out versions, and packages that come from elsewhere than the base's system."),
    ),
    Rule(
        re.compile(r"(?:Hash Sum mismatch|File has unexpected size)"),
        _("What was downloaded is not what the list of packages promised."),
        _("The server was being renewed: build again in a few minutes."),
    ),
    Rule(
        re.compile(r"are you root\?|E: Could not open lock file.*Permission denied"),
        _("Only root may install system packages, and this step runs as another user."),
        _("Write USER root before this line, and the former user after it."),
    ),
    # --- pip
    Rule(
        re.compile(
            r"Could not find a version that satisfies the requirement (?P<name>[\w.\[\],-]+)"
            r"(?P<wanted>[^()]*?) \(from versions: (?!none)(?P<versions>[^)]+)\)"
        ),
        _("There is no version %(wanted)s of %(name)s for this Python."),
        _("There are: %(versions)s."),
    ),
    Rule(
        re.compile(
            r"Could not find a version that satisfies the requirement (?P<name>[\w.\[\],-]+).*"
            r"from versions: none"
        ),
        _("pip finds no package %(name)s, or none for this Python and this processor."),
        _HIDDEN,
        package_of("pip"),
        _NEAR,
    ),
    Rule(
        re.compile(r"Because (?P<name>[\w.-]+) was not found in the package registry"),
        _NOT_FOUND,
        _HIDDEN,
        package_of("pip"),
        _NEAR,
    ),
    Rule(
        re.compile(r"Package '?(?P<name>[\w.-]+)'? requires a different Python: (?P<python>\S+)"),
        _("%(name)s does not run on this base's Python, %(python)s."),
        _("Ask for another version of %(name)s, or choose a base with another Python."),
    ),
    Rule(
        re.compile(r"Cannot install (?P<name>.+?) because these package versions have conflicting"),
        _("These packages cannot be installed together: %(name)s."),
        _RELAX,
    ),
    Rule(
        re.compile(r"THESE PACKAGES DO NOT MATCH THE HASHES"),
        _("A Python package is not the one whose hash the recipe gives."),
        _("Make the list of hashes anew, or leave the hashes out."),
    ),
    Rule(
        re.compile(r"ERROR: (?P<name>\S+\.whl) is not a supported wheel on this platform"),
        _("%(name)s was made for another Python or another processor."),
        _("Write the package's name instead of the file: pip chooses what fits."),
    ),
    Rule(
        re.compile(r"error: externally-managed-environment"),
        _("This base's Python belongs to the system, and pip leaves it alone."),
        _("Make an environment first: RUN python3 -m venv /opt/venv, and use /opt/venv/bin/pip."),
    ),
    Rule(
        re.compile(r"No module named pip$|No module named 'pip'"),
        _("This base has no pip."),
        _("Add python3-pip to the system packages (apt)."),
    ),
    Rule(
        re.compile(r"Could not open requirements file:.*'(?P<name>[^']+)'"),
        _("The file %(name)s is not in the image at this step."),
        _("COPY it before this line."),
    ),
    # --- compilers
    Rule(
        re.compile(r"fatal error: (?P<name>[\w./+-]+\.h(?:pp)?): No such file or directory"),
        _("A package is compiled, and the file %(name)s is missing."),
        _("Add the system package (apt) that has it; its name ends with -dev."),
        entry_of(_HEADERS),
        _("Add %(near)s to the system packages (apt)."),
    ),
    Rule(
        re.compile(
            r"(?:command '(?P<name>[\w+/.-]*(?:gcc|g\+\+|cc|c\+\+|gfortran|rustc|cargo))' failed: "
            r"No such file|unable to execute '(?P<name_2>[^']+)'|can't find Rust compiler"
            r"|No CMAKE_C(?:XX)?_COMPILER could be found|Unknown compiler\(s\))"
        ),
        _("A package has no ready-made file for this base, and there is no compiler to make it."),
        _COMPILERS,
    ),
    # --- conda
    Rule(
        re.compile(
            r"(?:nothing provides requested|nothing provides|─|-) ?(?P<name>[\w.-]+)"
            r"(?P<wanted>[^(]*?) (?:does not exist|is not installable because it does not exist)"
        ),
        _("There is no package %(name)s %(wanted)s in these channels."),
        _("Check the name and the version, or write the channel: channel::%(name)s."),
        package_of("conda"),
        _NEAR,
    ),
    Rule(
        re.compile(r"nothing provides (?:requested )?(?P<name>[\w.-]+)"),
        _("There is no package %(name)s in these channels."),
        _("Check the name and the version, or write the channel: channel::%(name)s."),
        package_of("conda"),
        _NEAR,
    ),
    Rule(
        re.compile(r"This base has neither micromamba nor conda"),
        _("This base has neither micromamba nor conda."),
        _("Choose a base with conda, or move these packages to the list of pip."),
    ),
    Rule(
        re.compile(r"ChecksumMismatchError|EINTEGRITY|[Cc]hecksum mismatch"),
        _("What was downloaded is not what the list of packages promised."),
        _("The server was being renewed: build again in a few minutes."),
    ),
    # --- npm
    Rule(
        re.compile(r"npm (?:ERR!|error)\s+(?:404\s+)?'?(?P<name>@?[\w./-]+)@[^']*'? is not in"),
        _("There is no Node.js package %(name)s."),
        _HIDDEN,
        package_of("npm"),
        _NEAR,
    ),
    Rule(
        re.compile(r"No matching version found for (?P<name>@?[\w./-]+)@(?P<version>[^\s]+?)\.?$"),
        _("The Node.js package %(name)s does not come in version %(version)s."),
        _("Leave out the version, or write the first number only, such as %(name)s@5."),
    ),
    Rule(
        re.compile(r"npm (?:ERR!|error).*EBADENGINE|Not compatible with your version of node"),
        _("A package needs another version of Node.js than this base's."),
        _("Choose a base with a newer Node.js, or an older version of the package."),
    ),
    # --- R
    Rule(
        re.compile(r"package [‘'\"](?P<name>[\w.]+)[’'\"] is not available"),
        _("There is no R package %(name)s for this base's R."),
        _("Is it spelled right? Capitals count; some packages are not in CRAN."),
        package_of("cran"),
        _NEAR,
    ),
    Rule(
        re.compile(r"dependenc(?:y|ies) [‘'\"](?P<name>[^’'\"]+)[’'\"].* (?:is|are) not available"),
        _("A package of R needs %(name)s, which could not be installed."),
        _("Look above for why %(name)s failed; a system package (apt) may be missing."),
    ),
    Rule(
        re.compile(r"^\s*\* deb: (?P<name>[\w.+-]+)"),
        _("A package of R is compiled, and a library is missing."),
        _("Add %(name)s to the system packages (apt)."),
    ),
    Rule(
        re.compile(r"trying to use CRAN without setting a mirror"),
        _("This base's R does not know where to take packages from."),
        _("Choose a base that sets a mirror of CRAN, or ask the administrators to set one."),
    ),
    Rule(
        re.compile(r"there is no package called [‘'\"](?P<name>[\w.]+)[’'\"]"),
        _("The R package %(name)s is used, but not installed."),
        _("Add %(name)s to the list of R packages."),
    ),
)

CONSEQUENCES: tuple[Rule, ...] = (
    Rule(
        re.compile(r"No matching distribution found for (?P<name>\S+)"),
        _("pip finds no package %(name)s, or none for this Python and this processor."),
        _HIDDEN,
        package_of("pip"),
        _NEAR,
    ),
    Rule(
        re.compile(r"ResolutionImpossible|No solution found when resolving dependencies"),
        _("These Python packages cannot be installed together."),
        _RELAX,
    ),
    Rule(
        re.compile(
            r"(?:LibMamba)?Unsatisfiable(?:Error|SpecsError)|Could not solve for environment"
        ),
        _("These conda packages cannot be installed together."),
        _RELAX,
    ),
    Rule(
        re.compile(r"PackagesNotFoundError|not available from current channels"),
        _("One of the packages is in none of these channels."),
        _("The log names it. Check its name and version, or write its channel: channel::name."),
    ),
    Rule(
        re.compile(r"ERESOLVE"),
        _("These Node.js packages cannot be installed together."),
        _RELAX,
    ),
    Rule(
        re.compile(r"E404|npm (?:ERR!|error) 404"),
        _("One of the Node.js packages does not exist."),
        _("The log names it. Is it spelled right?"),
    ),
    Rule(
        re.compile(r"held broken packages"),
        _("These system packages cannot be installed together."),
        _("Leave out versions, and packages that come from elsewhere than the base's system."),
    ),
    Rule(
        re.compile(
            r"(?:Failed building wheel for|Could not build wheels for|Failed to build) "
            r"(?P<name>(?!install)[\w.-]+)"
        ),
        _("%(name)s has no ready-made file for this base, and could not be compiled."),
        _COMPILERS,
    ),
    Rule(
        re.compile(r"metadata-generation-failed|subprocess-exited-with-error|gyp ERR!"),
        _("A package could not be compiled on this base."),
        _COMPILERS,
    ),
    Rule(
        re.compile(r"installation of package [‘'\"](?P<name>[\w.]+)[’'\"] had non-zero exit"),
        _("The R package %(name)s could not be compiled."),
        _("Look above for what was missing, and add it to the system packages (apt)."),
    ),
    Rule(
        re.compile(r"not installed: (?P<name>[\w., ]+)"),
        _("These R packages could not be installed: %(name)s."),
        _("Look above for why; a name may be wrong, or a system package (apt) missing."),
    ),
    Rule(
        re.compile(r"(?:ModuleNotFoundError: )No module named '(?P<name>[\w.]+)'"),
        _("A Python program of this step needs %(name)s, which is not installed."),
        _("Add the package that has it to the list of pip, or install it in a step before."),
    ),
)
