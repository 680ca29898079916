"""What every page and every JSON answer has in common: sessions, errors, headers, layout, charts."""
