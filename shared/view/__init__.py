"""How a generation looks to its owner, and the schemas of every response."""
