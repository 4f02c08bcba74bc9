"""The steps of the loop, one a file: ports in, facts out. What an asset, a command or a script calls.

A step reads its evidence from the lake, does one thing through the domain, stores the result and records the decision.
It knows no Dagster and asks no port where it is played.
"""
