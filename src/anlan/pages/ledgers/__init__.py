"""台账 (ledgers): one set of pages for every declared ledger; all of it follows from the declaration."""
