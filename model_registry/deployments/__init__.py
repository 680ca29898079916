"""Which version runs at which site, in which mode, and who let it."""
