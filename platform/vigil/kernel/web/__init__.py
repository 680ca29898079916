"""What every page and JSON answer has in common: sessions, errors, headers, layout, charts."""
