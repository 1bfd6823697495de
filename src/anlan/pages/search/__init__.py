"""The one search field: enterprises, hazard sources, points and warnings by name, tag or number."""
