"""Pages of alarms (报警)."""
