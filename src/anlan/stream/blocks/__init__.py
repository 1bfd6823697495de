"""History blocks. Read `block` for the format, `matrix` for merging, `numbers` for how values become few bytes."""

from anlan.stream.blocks.block import Block, BlockError, check, compact, encode, encode_counted, header, read
from anlan.stream.blocks.matrix import Series

__all__ = ["Block", "BlockError", "Series", "check", "compact", "encode", "encode_counted", "header", "read"]
