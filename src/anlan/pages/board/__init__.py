"""Open warnings as rows that a duty officer reads: who burns, how high, who answered, what is due next.

The overview, the wall, the list and the to-do page show the same rows. Read with a fixed number of queries however
many there are; live values are asked of the engine and marked when it does not answer.
"""

from anlan.pages.board.rows import Board, Holder, Row, board, running
from anlan.pages.board.steps import Next, due_soon, next_steps

__all__ = ["Board", "Holder", "Next", "Row", "board", "due_soon", "next_steps", "running"]
