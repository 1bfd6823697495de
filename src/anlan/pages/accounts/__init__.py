"""Pages of log-ins and passwords."""
