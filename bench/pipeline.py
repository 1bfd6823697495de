"""The way of a sample in packets of 500 tags: `national` in its dense shape, 0.32 M samples/s for a minute.

Run: `./run bench pipeline [--seconds N] [--rate SAMPLES_A_SECOND] [--json]`; every option of `national` is taken.
"""

from __future__ import annotations

import sys

from bench.national import main

if __name__ == "__main__":
    sys.argv[1:1] = ["--shape", "dense", "--rate", "320000", "--seconds", "60", "--no-restart"]
    sys.exit(main())
