"""How many members a machine can serve: a load, machines, a simulated queue, and what breaks first at a million."""
