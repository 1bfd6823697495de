"""预警: the list, the dossier of one warning, and what people do about it."""
