"""Local acceptance tests: a version on a site's own labelled studies, by a rule fixed before."""
