"""``anlan manage cap_sender``: registers another system that may hand in alerts, and prints its key once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anlan import now as clock
from anlan.apps.external import services


class Command(BaseCommand):
    help = "登记可以送来外部预警（CAP 1.2）的系统，并给出密钥；已登记的换新密钥；--stop 停用"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="发送方代号")
        parser.add_argument("--agency", default="", help="登记它的机构代号；它只能送来这个机构辖区的预警")
        parser.add_argument("--name", default="", help="发送方名称")
        parser.add_argument("--stop", action="store_true", help="停用")

    def handle(self, *args: Any, **options: Any) -> None:
        now, code = clock.now(), options["code"]
        try:
            if options["stop"]:
                services.stop(code, now=now)
                self.stdout.write(f"{code} 已停用")
                return
            if not options["agency"]:
                raise CommandError("请用 --agency 指明登记它的机构")
            key = services.register(code, options["name"], options["agency"], now=now)
        except services.Unknown as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{code} 的密钥（只显示这一次）：{key}")
