"""Server-sent events: hints and live values to browsers, filtered to what each person may see.

Plain ASGI beside Django, one NATS subscription per process, bounded memory per browser. It decides nothing and keeps
nothing: whoever misses an event is told to read the pages again (`resync`), and pages are read from the database.
"""

from anlan.roles.events.app import Events
from anlan.roles.events.hub import Hub, Listener

__all__ = ["Events", "Hub", "Listener"]
