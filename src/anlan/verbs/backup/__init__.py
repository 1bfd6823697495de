"""``anlan backup`` and ``anlan restore``: a copy of an installation under load, and the proof that it is whole."""
