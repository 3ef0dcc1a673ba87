"""What the system is, in pure values and decisions: no AWS, no HTTP, no time but what it is given."""
