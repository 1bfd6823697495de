"""Django's settings, made from `anlan.config`. Nothing is decided here that an operator might want to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anlan import config
from anlan.database import addresses
from anlan.logs import Brief, JsonLines, PlainLines

CONFIG = config.load()
CONFIG.data_dir.mkdir(parents=True, exist_ok=True)
HERE = Path(__file__).resolve().parent

SECRET_KEY = CONFIG.secret
DEBUG = CONFIG.debug
ALLOWED_HOSTS = [host.strip() for host in CONFIG.allowed_hosts.split(",") if host.strip()]
ROOT_URLCONF = "anlan.site.urls"
ASGI_APPLICATION = "anlan.site.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "ninja",
    "anlan.apps.journal",
    "anlan.apps.org",
    "anlan.apps.accounts",
    "anlan.apps.rulebook",
    "anlan.apps.registry",
    "anlan.apps.obligations",
    "anlan.apps.delivery",
    "anlan.apps.files",
    "anlan.apps.findings",
    "anlan.apps.external",
    "anlan.apps.ledgers",
    "anlan.apps.watchlist",
    "anlan.apps.commitments",
    "anlan.apps.permits",
    "anlan.apps.unitstates",
    "anlan.apps.history",
    "anlan.apps.drills",
    "anlan.apps.enrolment",
    "anlan.apps.changes",
    "anlan.apps.identification",
    "anlan.apps.quality",
    "anlan.apps.alarms",
    "anlan.apps.gateways",
    "anlan.apps.warnings",
    "anlan.components",
    "anlan.site",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "anlan.site.middleware.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "anlan.site.middleware.NoNul",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "anlan.apps.accounts.middleware.SessionLimits",
    "anlan.apps.accounts.middleware.LogInFirst",
    "anlan.apps.accounts.middleware.OwnPasswordFirst",
    "anlan.apps.accounts.middleware.ScopeAndGuard",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": sorted((HERE.parent / "pages").glob("*/templates")),
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "anlan.pages.context.shell",
                "anlan.site.theme.theme",
            ],
        },
    }
]

DATABASES = {
    "default": addresses.from_url(CONFIG.database_url, CONFIG.data_dir / "anlan.sqlite3"),
    addresses.HISTORY: addresses.from_url(
        CONFIG.history_database_url or CONFIG.database_url, CONFIG.data_dir / "history.sqlite3", schema="history"
    ),
}
DATABASE_ROUTERS = ["anlan.database.addresses.HistoryRouter"]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "anlan.apps.accounts.hashing.FewAtOnce",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "anlan.apps.accounts.passwords.LongEnough", "OPTIONS": {"min_length": 8}},
    {"NAME": "anlan.apps.accounts.passwords.NotTheNameAgain"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CONFIG.https
CSRF_COOKIE_SECURE = CONFIG.https
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if CONFIG.https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CONFIG.https else None
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATICFILES_DIRS: list[Path] = []

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": PlainLines},
        "json": {"()": JsonLines},
    },
    "filters": {"brief": {"()": Brief}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": CONFIG.log_format, "filters": ["brief"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}},
}
