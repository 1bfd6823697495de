"""The data plane as a library: packets, envelopes, point table, alarm kernel, history blocks and the log client.

It exists so that intake, engine, historian, gateway and benchmarks share one implementation of everything that touches
a sample. It must never import Django, never read a clock (instants come in as arguments) and never talk to a database.
"""
