"""Scenario files: a rule of the broker as something that can be played against the embedded engine.

document reads the YAML with its line numbers, words says what may stand in a file, parse makes steps of it, world sets
up an engine, actions plays a step, exchange works out what a report left out, expectations and invariants compare,
runner plays a file from end to end. Nothing here knows a rule of its own: what is right stands in the files.
"""
