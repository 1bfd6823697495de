"""运行状态: whether the machine itself is well, which gateways speak, and what was refused. Real figures only."""
