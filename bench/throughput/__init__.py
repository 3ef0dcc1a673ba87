"""How many creates, polls and whole generations a second the local stack does, and what keeps it from doing more."""
