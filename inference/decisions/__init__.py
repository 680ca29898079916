"""Reader decisions: what the radiologist, who stays in charge, says of each finding."""
