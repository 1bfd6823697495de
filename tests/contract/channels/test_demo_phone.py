"""The telephone of a demonstration: it takes every letter, lets nothing out, and is never called anything else."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest
from tests.contract.channels.kinds import LETTER, POISON

from anlan.channels import Need, PermanentError, configured
from anlan.config import Config


def test_it_takes_letters_and_opens_no_connection(monkeypatch: Any) -> None:
    def connect(*args: object) -> None:
        raise AssertionError("nothing may leave the platform")

    monkeypatch.setattr(socket.socket, "connect", connect)
    made = configured(Config(channels={"phone": {"type": "demo_phone", "title": "手机"}}))["phone"]
    assert (made.needs, made.shown, made.title) == (Need.PHONE, True, "手机（不外发）")
    for letter in (LETTER, POISON):
        receipt = made.send(replace(letter, address="000-0001"))
        assert receipt is not None
        assert receipt.delivered
    with pytest.raises(PermanentError):
        made.send(replace(LETTER, address=""))
