"""A generation as its owner sees it, and the schemas of every response."""
