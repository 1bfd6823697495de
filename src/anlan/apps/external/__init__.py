"""外部预警: alerts of other systems (weather, earthquakes, other platforms), taken in as CAP 1.2.

Only shown: no article lets them start a warning of ours or a clock.
"""
