"""One process, one seed, one history: the real engine, historian and clock on a real SQLite, over a log in memory.

Nothing here waits: time is a number that jumps from one due instant to the next. Faults are drawn from the seed at
every step. What was acknowledged stands in a ledger; after every lull the databases are held against it.
"""
