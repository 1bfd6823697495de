"""A harness that knows nothing of the product's helpers.

It speaks to an installation as its users do: a workbook, packets over HTTP, the command line, the public API. It keeps
a ledger of its own of what was acknowledged, hurts the installation at random, and compares at the end.
"""
