"""Pages of warnings of other systems (外部预警)."""
