"""The gateway that runs at the enterprise: reads the control system, keeps every packet on its own disk, sends it up.

It exists because a link to the centre fails and a plant does not wait: what was read is written to a local log first
and leaves it only after the centre answered. It must never import Django, never write to the control system, and
never decide about alarms: limits are judged at the centre, from what the gateway faithfully passes on.
"""
