"""Drills (推演): scenarios played under a simulated clock through the real services (architecture §7)."""
