"""What people open, hear and see, made from a lead sheet and a score. Does not know how a song is written."""
