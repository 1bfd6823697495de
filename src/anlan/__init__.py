"""Anlan 安澜: early warning for plants that hold dangerous chemicals."""

__version__ = "0.1.0"
