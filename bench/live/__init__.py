"""Measures live pages: how soon a change is seen, what pushes delay, and what they cost."""
