"""Pictures of the real bot for the README: scenes recorded in the local Discord, drawn by a browser. No test.

`python -m tests.pictures --out DIR` makes them anew. What members and bot say in them is what was sent; nothing is added.
"""
