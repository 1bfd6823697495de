"""问题: the list of findings, one finding with its steps, and what people do about it."""
