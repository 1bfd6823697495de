"""A simulated plant behind real OPC UA servers: for the demonstration, for drills, for tests.

Physical enough to be believed: tanks keep their mass, pressure follows vapour pressure, a gas cloud goes with the wind.
Same seed, same script, same steps: same values. It must never be taken for measurements of anything that exists.
"""
