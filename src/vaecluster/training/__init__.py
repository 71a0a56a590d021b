"""One fit under way; nothing here knows a method."""
