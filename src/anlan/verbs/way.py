"""``anlan test-way``: tests the whole way from a sample to a person's telephone and prints each step as it is done."""

from __future__ import annotations

import argparse
import sys
import threading

from anlan import now as clock
from anlan.process import django
from anlan.refused import Refused

EVERY_S = 1.0


def main(arguments: list[str]) -> int:
    """Run one test. Exit 0 when every step was done, 1 when one failed, 2 when it could not be started. Ctrl-C ends the
    test and leaves its unit out of use."""
    parser = argparse.ArgumentParser(prog="anlan test-way", description="全程测试：采样→日志→引擎→报警→告知→渠道→回执")
    parser.add_argument("person", metavar="人员编号", help="测试告知发给谁")
    options = parser.parse_args(arguments)
    django.start()
    from anlan.apps.gateways.models import WayStep
    from anlan.apps.org.actor import operator
    from anlan.apps.org.models import Person
    from anlan.pages.way import steps as whole_way

    person = Person.objects.filter(code=options.person).first()
    if person is None:
        sys.stderr.write(f"没有人员 {options.person}，没有开始\n")
        return 2
    try:
        run = whole_way.start(person, by=operator("command"), at=clock.now())
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    told, waiting, pause = 0, "", threading.Event()
    try:
        while run.is_running:
            run = whole_way.advance(run, clock.now())
            for step in run.steps[told:]:
                mark = "✓" if step["done"] else "✗"
                sys.stdout.write(f"{mark} {WayStep(step['step']).label}：{step['words']}\n")
            if len(run.steps) == told and run.waiting != waiting:
                sys.stdout.write(f"… {run.waiting}\n")
            told, waiting = len(run.steps), run.waiting
            sys.stdout.flush()
            if run.is_running:
                pause.wait(EVERY_S)
    except KeyboardInterrupt:
        whole_way.stop(run, by=operator("command"), at=clock.now())
        sys.stdout.write("已中止\n")
        return 1
    return 0 if run.succeeded else 1
