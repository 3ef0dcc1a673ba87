"""Acme's kinds: each module whose name has no underscore in front is one. KINDS_PACKAGE=acme_kinds adds them."""
