"""Accounts: notes each log-in as a visit."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "anlan.apps.accounts"
    label = "accounts"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        user_logged_in.connect(_logged_in, dispatch_uid="anlan-visit-begins")
        user_logged_out.connect(_logged_out, dispatch_uid="anlan-visit-ends")


def _logged_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    from anlan import now as clock
    from anlan.apps.accounts import services

    if request.session.session_key is None:
        request.session.save()
    services.begin_visit(user, request.session.session_key, clock.now(), request.META.get("REMOTE_ADDR"))


def _logged_out(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    from anlan.apps.accounts import services

    if request.session.session_key:
        services.end_visit(request.session.session_key)
