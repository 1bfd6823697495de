"""Django application `files`: what people hand in as evidence, kept by content."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "anlan.apps.files"
    label = "files"
