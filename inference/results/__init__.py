"""Results: the DICOM objects that carry a run's findings back to the readers."""
