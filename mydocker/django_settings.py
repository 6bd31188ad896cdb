"""Django's settings, derived from the operator's. Nothing here is a knob of its own."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mydocker.settings import load, secret_of

MYDOCKER = load()
PACKAGE = Path(__file__).parent

SECRET_KEY = secret_of(MYDOCKER)
DEBUG = MYDOCKER.debug
ALLOWED_HOSTS = [MYDOCKER.host, f".{MYDOCKER.apps_domain}"]
ROOT_URLCONF = "mydocker.urls"
WSGI_APPLICATION = None
APPEND_SLASH = False

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "django_htmx",
    "mydocker.store",
    "mydocker.web",
]

MIDDLEWARE = [
    "mydocker.web.middleware.Reference",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "mydocker.web.middleware.Language",
    "mydocker.web.middleware.Headers",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mydocker.web.middleware.Answers",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "mydocker.web.context.shell",
            ],
            "builtins": ["mydocker.web.templatetags.mydocker"],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader"],
                )
            ],
        },
    }
]


def _database(url: str) -> dict[str, Any]:
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": MYDOCKER.data / "database" / "mydocker.sqlite3",
            # A file, so that loops and pages see one another's work in tests too.
            "TEST": {"NAME": MYDOCKER.data / "database" / "test.sqlite3"},
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                    "PRAGMA foreign_keys=ON; PRAGMA cache_size=-8000; PRAGMA temp_store=MEMORY;"
                ),
            },
        }
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
    }


DATABASES = {"default": {**_database(MYDOCKER.database_url), "CONN_MAX_AGE": None}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "store.Person"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "mydocker.store.backends.Local"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in"

# `__Host-` cookies need Secure; browsers accept them on http://*.localhost.
SESSION_COOKIE_NAME = "__Host-mydocker_session"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# The loops end a login (and its session) when its time is over, by a clock that a jump does not
# move; the cookie itself only has to last longer.
SESSION_COOKIE_AGE = int(MYDOCKER.login_lifetime.total_seconds()) + 30 * 86400
SESSION_ENGINE = "mydocker.store.sessions"
CSRF_COOKIE_NAME = "__Host-mydocker_csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [MYDOCKER.url.rstrip("/")]
CSRF_FAILURE_VIEW = "mydocker.web.errors.csrf_failure"
LANGUAGE_COOKIE_NAME = "__Host-mydocker_language"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

AXES_FAILURE_LIMIT = 10
AXES_USERNAME_FORM_FIELD = "username"  # the model's own is its opaque id
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "mydocker.web.errors.locked_out"
AXES_CLIENT_IP_CALLABLE = "mydocker.web.middleware.client_address"

USE_TZ = True
TIME_ZONE = MYDOCKER.time_zone
USE_I18N = True
LANGUAGE_CODE = MYDOCKER.language
LANGUAGES = [("fr", "Français"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("MYDOCKER_STATIC", MYDOCKER.data / "static"))
STATICFILES_DIRS = [PACKAGE / "web" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 86400

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 2_000
FILE_UPLOAD_HANDLERS = [
    "mydocker.web.uploads.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
LOGGING_CONFIG = None
SILENCED_SYSTEM_CHECKS = [
    "axes.W002",  # our middleware list keeps axes last on purpose
    "axes.W003",
]
