"""The page of one measuring point: its value, its limits, its trend, its alarms."""
