"""The domain as pure values and decisions: no AWS, no HTTP, and no clock but the one passed in."""
