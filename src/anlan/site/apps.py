"""Django application `anlan_site`: the shell of all pages, with its templates and static files."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "anlan.site"
    label = "anlan_site"
