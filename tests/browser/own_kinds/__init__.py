"""Own kinds for the tests and pictures of the page. All but one call no model: their words are here."""
