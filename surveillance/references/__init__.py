"""What a version's scores looked like when people found them right: frozen, signed, superseded."""
