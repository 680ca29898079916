"""DICOM peers of the sites: who may send to Vigil, and where results go."""
