"""规则库: every number with its article, what counts at a place on a day, and changing it where one is entitled."""
