"""Runs one kind in this process, as it is written now: the functions' own code over an AWS in memory, and a model.

For who writes a kind. Nothing is stored, nothing is built, and no stack is needed.
"""
