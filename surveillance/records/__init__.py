"""What each run came to, under pseudonyms, and the daily counts folded from it."""
