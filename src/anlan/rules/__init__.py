"""The regulations as pure functions and tables.

Standard library only: no Django, no I/O besides reading this package's own rulebook data, no clock. Every instant
comes in as an argument and every decision goes out as a value, so that a lawyer can lay the law beside the code and a
drill, a test and production decide alike.
"""
