"""The shell around the apps: layout, navigation, shared components."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "anlan.site"
    label = "anlan_site"
