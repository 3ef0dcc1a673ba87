"""Runs one kind's current code in this process: the functions' own code, an AWS in memory, and a model.

For authors of kinds. Stores nothing, builds nothing, and needs no stack.
"""
