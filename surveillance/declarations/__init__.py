"""Which streams are watched: what a package asks for, and what the network adds or mutes."""
