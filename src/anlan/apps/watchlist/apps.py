"""Django application `watchlist`."""

from django.apps import AppConfig


class WatchlistConfig(AppConfig):
    name = "anlan.apps.watchlist"
    label = "watchlist"
