"""What a stream has to say to people, and what they did about it."""
