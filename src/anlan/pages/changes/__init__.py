"""Pages of change requests: the list, one request, and the limits of one point."""
