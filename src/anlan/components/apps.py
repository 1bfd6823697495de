"""Django application `components`: the templates and tags of the shared components, and what every form says."""

from django.apps import AppConfig
from django.forms import ChoiceField, Field, FileField
from django.utils.translation import gettext_lazy as _


class ComponentsConfig(AppConfig):
    name = "anlan.components"
    label = "components"

    def ready(self) -> None:
        # every form of every app says it in the words of the house; Django's own speak of fields
        Field.default_error_messages = {**Field.default_error_messages, "required": _("请填写，这一项不能空着。")}
        for kind in (FileField, ChoiceField):
            kind.default_error_messages = {**kind.default_error_messages, "required": _("请选择，这一项不能空着。")}
