"""The web role: pages, API and server-sent events on one port, in one process (``anlan web``).

Several may run side by side; none keeps anything. Asked to end, it closes its streams first, so it is gone within two
seconds however many browsers watch.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import logging
from typing import Any

import uvicorn

from anlan import config as settings
from anlan.config import Config
from anlan.process import django, metrics
from anlan.process.http_limits import GuardedHttp, listen
from anlan.process.life import begin
from anlan.process.places import announce, known_log
from anlan.process.worker import let_go_when_frozen, wait_at_most
from anlan.stream.tasks import finish

BACKLOG = 512
GRACE_S = 2
"""Seconds that requests under way have to finish when the process is asked to end."""

LOCK_WAIT_S = 5
"""A page waits so long for a database that somebody else holds; then it says so (`anlan.site.errors`)."""
ACT_IDLE_MS = 20_000
"""A person's act may work so long between two of its statements; a frozen process keeps its locks no longer."""

logger = logging.getLogger(__name__)


class WebApplication:
    """ASGI: ``/events`` to the event stream, ``/static/`` to the files, ``/healthz`` for who shares the load out, the
    rest to Django. Owns the events' life."""

    def __init__(self, config: Config) -> None:
        from anlan.roles.events import Events
        from anlan.roles.web.limits import Pages
        from anlan.roles.web.static import PREFIX, Static
        from anlan.site.asgi import application

        self.events = Events(lambda: known_log(config, "web"))
        self._pages = Pages(application, file_bytes=int(config.file_max_mib * 1024**2))
        self._static, self._prefix = Static(), PREFIX

    def figures(self) -> dict[str, float]:
        """What the web role counts, for `anlan.process.metrics`."""
        return {"web_streams": len(self.events.hub.listeners), "web_streams_stalled_total": self.events.stalled}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["path"] == "/events":
            await self.events(scope, receive, send)
        elif scope["path"].startswith(self._prefix):
            await self._static(scope, receive, send)
        elif scope["path"] == "/healthz":
            # this process answers; whether the platform is well stands at /alive, which is no reason to end a web
            headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"ok\n"})
        else:
            await self._pages(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.events.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.events.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


class Server(uvicorn.Server):
    """Uvicorn that leaves when the role is asked to, streams first, and does not touch the process's signals."""

    def __init__(self, application: WebApplication, config: Config) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=GuardedHttp,
                lifespan="on",
                log_config=None,
                log_level="error",
                access_log=False,
                proxy_headers=config.https,
                timeout_graceful_shutdown=GRACE_S,
                backlog=BACKLOG,
                server_header=False,
            )
        )
        self._application = application

    def capture_signals(self) -> Any:  # the role's own signals stand (roles.process)
        from contextlib import nullcontext

        return nullcontext()

    def end(self, loop: asyncio.AbstractEventLoop) -> None:
        """End from any thread: streams at once, then the server."""

        def leave() -> None:
            self._application.events.leave()
            self.should_exit = True

        loop.call_soon_threadsafe(leave)


def main(arguments: list[str]) -> int:
    """Serve until asked to end. Prints and announces the address; 1 when the port cannot be had."""
    parser = argparse.ArgumentParser(prog="anlan web", description="只启动网页与接口")
    parser.add_argument("--host", help="监听地址")
    parser.add_argument("--web-port", type=int, help="端口；0 表示任选空闲端口")
    given = parser.parse_args(arguments)
    config = settings.load()
    if given.host is not None:
        config = dataclasses.replace(config, host=given.host)
    if given.web_port is not None:
        config = dataclasses.replace(config, web_port=given.web_port)
    leaving = begin("web")
    django.start()
    let_go_when_frozen(ACT_IDLE_MS)
    wait_at_most(LOCK_WAIT_S)
    from anlan.apps.delivery.services import connect

    connect()  # else what the first act tells the pages is lost
    try:
        taken = listen(config.host, config.web_port)
    except OSError as error:
        logger.error("端口 %s:%d 不能使用：%s", config.host, config.web_port, error.strerror)
        return 1
    host = f"[{config.host}]" if ":" in config.host else config.host
    url = f"http://{host}:{taken.getsockname()[1]}/"
    application = WebApplication(config)
    server = Server(application, config)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        leaving.then(lambda: server.end(loop))
        serving = asyncio.create_task(server.serve(sockets=[taken]))
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.02)
        if server.started:
            announce(config, "web", url=url, metrics=metrics.serve(config, "web", application.figures))
            logger.info("网页：%s", url)
        await serving

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(finish(serve()))
    return 0 if server.started else 1


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # not on this platform
        return None
    return uvloop.new_event_loop
