"""安全承诺: the enterprise's page of the day, the authority's list, the record, and the public announcement."""
