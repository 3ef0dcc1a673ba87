"""Kinds of one's own, for the tests and pictures of the page. They call no model: their words are here."""
