"""Clinical safety sign-offs: the supplier's case (DCB0129) and the site's acceptances (DCB0160)."""
