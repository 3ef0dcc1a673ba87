"""A small app with a server of its own, whose decks Unstuck makes."""
