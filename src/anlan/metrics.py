"""What each process counts of itself, for Prometheus: every name defined here once, served on loopback by each process.

Numbers are read from what a process keeps anyway, at the moment when somebody asks; nothing is added to the way of the
data. A process without a port for them says so in its log and works on. The gateway serves its own, so no Django here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from anlan import now

logger = logging.getLogger(__name__)

TYPE = "text/plain; version=0.0.4; charset=utf-8"
Figures = Mapping[str, float | Mapping[str, float]]
"""Name without the prefix → number, or one number for each value of the metric's label."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number. ``roles`` serve it; ``label`` is the name of its label, empty for none."""

    name: str
    kind: str
    unit: str
    help: str
    roles: tuple[str, ...]
    label: str = ""


ALL = ("engine", "historian", "intake", "clock", "auditor", "delivery", "web", "supervisor", "gateway")
METRICS = (
    Metric("process_cpu_seconds_total", "counter", "秒", "本进程用掉的处理器时间", ALL),
    Metric("process_resident_bytes_max", "gauge", "字节", "本进程用过的最多内存", ALL),
    Metric("process_resident_bytes", "gauge", "字节", "本进程现在占用的内存", ALL),
    Metric("process_start_seconds", "gauge", "秒", "本进程启动的时刻，1970 年起", ALL),
    Metric("process_open_files", "gauge", "个", "本进程打开的文件与连接", ALL),
    Metric("process_open_files_limit", "gauge", "个", "本进程至多能打开多少；到顶时不再接新连接", ALL),
    Metric("process_threads", "gauge", "个", "本进程的线程", ALL),
    Metric("engine_samples_total", "counter", "个", "引擎判定过的样本", ("engine",)),
    Metric("engine_points", "gauge", "个", "引擎看着的点位", ("engine",)),
    Metric("engine_partitions", "gauge", "个", "引擎负责的分区，共 64 个", ("engine",)),
    Metric("engine_reached_seconds", "gauge", "秒", "已处理到的接收时刻，1970 年起；0 为尚未收到", ("engine",)),
    Metric("engine_owed_sources", "gauge", "个", "定级失败、等着再试的危险源", ("engine",)),
    Metric("engine_repeated_numbers_total", "counter", "个", "网关又送来一次的流水号", ("engine",)),
    Metric("historian_partitions", "gauge", "个", "历史负责的分区，共 64 个", ("historian",)),
    Metric("historian_open_samples", "gauge", "个", "在内存中等待入库的样本", ("historian",)),
    Metric("historian_open_minutes", "gauge", "个", "在内存中未满的分钟块", ("historian",)),
    Metric("historian_flush_seconds", "gauge", "秒", "最近一次入库用时", ("historian",)),
    Metric("historian_removed_rows_total", "counter", "行", "过了保存期限而删除的历史块与汇总", ("historian",)),
    Metric("historian_paused", "gauge", "", "历史因磁盘空间不足暂停（1 暂停）", ("historian",)),
    Metric("intake_requests_total", "counter", "次", "请求数", ("intake",)),
    Metric("intake_packets_accepted_total", "counter", "个", "收下并落盘的报文", ("intake",)),
    Metric("intake_packets_duplicate_total", "counter", "个", "重复的报文", ("intake",)),
    Metric("intake_packets_refused_total", "counter", "个", "被拒的报文与请求", ("intake",)),
    Metric("intake_envelopes_published_total", "counter", "个", "写进日志的信封", ("intake",)),
    Metric("intake_in_hand_bytes", "gauge", "字节", "正在接收与处理的请求体，至多 128 MiB，超出应答 429", ("intake",)),
    Metric("intake_waiting_bytes", "gauge", "字节", "等待落盘的字节数，至多 64 MiB，超出应答 429", ("intake",)),
    Metric(
        "intake_given_up",
        "gauge",
        "级",
        "因磁盘空间不足放弃到哪一步：0 无，1 历史暂停，2 不收补传，3 不收数据",
        ("intake",),
    ),
    Metric("intake_gateways_paused", "gauge", "个", "因废报文过多而暂停接收的网关", ("intake",)),
    Metric("clock_fired_total", "counter", "项", "办过的到期事项", ("clock",)),
    Metric("clock_looked_seconds", "gauge", "秒", "最近一次成功查看到期事项的时刻，1970 年起", ("clock",)),
    Metric(
        "delivery_letters",
        "gauge",
        "条",
        "发往外部渠道、等待发送（queued）与发送中（sending）的消息",
        ("delivery",),
        "state",
    ),
    Metric("auditor_passed", "gauge", "", "最近一次审计是否通过（1 通过，0 有异常或数据库不应答）", ("auditor",)),
    Metric("auditor_faults", "gauge", "项", "最近一次审计发现的异常", ("auditor",)),
    Metric("auditor_unfired", "gauge", "项", "到期未办", ("auditor",)),
    Metric("auditor_log_fullness", "gauge", "比例", "日志已用的份额，0 到 1", ("auditor",)),
    Metric("auditor_log_waiting", "gauge", "批", "日志中各读者未读的批数", ("auditor",), "reader"),
    Metric("auditor_history_behind_s", "gauge", "秒", "历史落后于引擎", ("auditor",)),
    Metric("auditor_fresh_gateways", "gauge", "个", "数据新鲜的网关", ("auditor",)),
    Metric("auditor_expected_gateways", "gauge", "个", "应有数据的网关", ("auditor",)),
    Metric("auditor_free_bytes", "gauge", "字节", "数据目录所在磁盘的可用空间", ("auditor",)),
    Metric(
        "auditor_wal_bytes",
        "gauge",
        "字节",
        "SQLite 写前日志中最长的一个；有人长时间读时变大，读完即截短",
        ("auditor",),
    ),
    Metric("auditor_backup_age_s", "gauge", "秒", "最近一次备份距今", ("auditor",)),
    Metric("web_streams", "gauge", "个", "正在推送的浏览器", ("web",)),
    Metric("web_streams_stalled_total", "counter", "个", "收不下推送、被放弃的浏览器", ("web",)),
    Metric(
        "supervisor_up",
        "gauge",
        "",
        "本机各进程在运行（1）或不在（0）；log 是自带的日志服务",
        ("supervisor",),
        "process",
    ),
    Metric("supervisor_restarts_total", "counter", "次", "进程自己结束后又启动的次数", ("supervisor",), "process"),
    Metric("supervisor_log_bytes", "gauge", "字节", "自带的日志服务：存着的报文", ("supervisor",)),
    Metric("supervisor_log_messages", "gauge", "条", "自带的日志服务：存着的信封", ("supervisor",)),
    Metric("supervisor_log_resident_bytes", "gauge", "字节", "自带的日志服务占用的内存", ("supervisor",)),
    Metric("supervisor_log_connections", "gauge", "个", "自带的日志服务上的连接", ("supervisor",)),
    Metric(
        "supervisor_log_slow_consumers_total", "counter", "个", "自带的日志服务因收得太慢而断开的连接", ("supervisor",)
    ),
    Metric("gateway_packets_written_total", "counter", "个", "写入本机缓存的报文", ("gateway",), "gateway"),
    Metric("gateway_packets_settled_total", "counter", "个", "中心已答复的报文", ("gateway",), "gateway"),
    Metric("gateway_packets_refused_total", "counter", "个", "其中被拒收的报文", ("gateway",), "gateway"),
    Metric("gateway_packets_dropped_total", "counter", "个", "放弃的报文，重启后仍累计", ("gateway",), "gateway"),
    Metric("gateway_buffer_packets", "gauge", "个", "还没送到中心的报文", ("gateway",), "gateway"),
    Metric("gateway_buffer_bytes", "gauge", "字节", "还没送到中心的报文的大小", ("gateway",), "gateway"),
    Metric(
        "gateway_buffer_oldest_seconds", "gauge", "秒", "其中最早一个的采集时刻，1970 年起", ("gateway",), "gateway"
    ),
    Metric("gateway_connected", "gauge", "", "与控制系统连通（1）或不通（0）", ("gateway",), "gateway"),
    Metric("gateway_uplink_ok", "gauge", "", "与中心通信正常（1）或不正常（0）", ("gateway",), "gateway"),
)
_STARTED = now.monotonic()
BY_NAME = {metric.name: metric for metric in METRICS}


def text(role: str, figures: Figures) -> str:
    """Prometheus text of one role. A figure that is not defined for the role is a `KeyError`: define it first."""
    lines = []
    for name, value in figures.items():
        metric = BY_NAME[name]
        if role not in metric.roles:
            raise KeyError(name)
        full = f"anlan_{name}"
        lines += [f"# HELP {full} {metric.help}", f"# TYPE {full} {metric.kind}"]
        if isinstance(value, Mapping):
            lines += [f'{full}{{{metric.label}="{_escaped(key)}"}} {each}' for key, each in value.items()]
        else:
            lines.append(f"{full} {value}")
    return "".join(f"{line}\n" for line in lines)


def process() -> dict[str, float]:
    """What every process can say of itself."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    found: dict[str, float] = {
        "process_cpu_seconds_total": round(used.ru_utime + used.ru_stime, 3),
        "process_resident_bytes_max": used.ru_maxrss * 1024,
        "process_threads": threading.active_count(),
    }
    found["process_open_files_limit"] = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    found["process_start_seconds"] = round(now.now().timestamp() - (now.monotonic() - _STARTED), 1)
    with contextlib.suppress(OSError):  # not Linux, or no descriptor left to ask with
        found["process_open_files"] = len(os.listdir("/proc/self/fd"))
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        found["process_resident_bytes"] = int(pages) * resource.getpagesize()
    return found


class _Server(ThreadingHTTPServer):
    """Anybody on this machine may ask, so what one can hold is bounded: some connections, each for some seconds."""

    daemon_threads = True
    request_queue_size = 128
    at_once = 8
    seconds = 5.0
    """From the connection to the end of the answer."""

    def __init__(self, role: str, read: Callable[[], Figures], ready: Callable[[], bool], port: int) -> None:
        self._open: dict[socket.socket, float] = {}
        super().__init__(("127.0.0.1", port), _Handler)
        self.role, self.read, self.ready = role, read, ready

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError:  # no descriptor left: the connection stays to be taken, and would be tried again at once
            time.sleep(0.2)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        self.service_actions()
        if len(self._open) >= self.at_once:
            self.shutdown_request(request)
            return
        self._open[request] = now.monotonic()
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """End what has lasted too long; its thread sees the end of what it reads, or that it writes to nobody."""
        for request, since in list(self._open.items()):
            if now.monotonic() - since > self.seconds:
                with contextlib.suppress(OSError):  # gone meanwhile
                    request.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:
        self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("a question for the figures broke off", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5

    def do_GET(self) -> None:
        """``/metrics``, ``/health`` (the process answers) and ``/ready`` (it does its work)."""
        role = self.server.role
        if self.path == "/metrics":
            try:
                self._answer(200, text(role, {**process(), **self.server.read()}))
            except Exception:
                logger.exception("the figures of %s could not be read", role)
                self._answer(500, "the figures could not be read, see the log\n")
        elif self.path == "/health":
            self._answer(200, "ok\n")
        elif self.path == "/ready":
            ready = self.server.ready()
            self._answer(200 if ready else 503, "ready\n" if ready else "not ready\n")
        else:
            self._answer(404, "/metrics /health /ready\n")

    def _answer(self, status: int, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", TYPE)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        logger.debug(format, *args)


def serve(role: str, read: Callable[[], Figures], ready: Callable[[], bool], port: int = 0) -> str:
    """Serve a process's figures on a loopback port until it ends; returns its ``host:port``, "" when there is none.

    ``port`` 0 takes a free one. ``read`` and ``ready`` are called in another thread for each question, and are quick.
    """
    try:
        server = _Server(role, read, ready, port)
    except OSError:
        logger.exception("no port for the figures of %s", role)
        return ""
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}"


def targets(found: Mapping[str, str], label: str) -> list[dict[str, object]]:
    """What Prometheus reads from a file (``file_sd_configs``): one target for each name with an address."""
    return [{"targets": [address], "labels": {label: name}} for name, address in found.items() if address]


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
