"""``python -m anlan.edge --config gateway.toml``: the gateway where only the extra ``edge`` is installed."""

from __future__ import annotations

import sys

from anlan.edge.gateway import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
