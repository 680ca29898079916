"""From a DICOM file to the numbers a model takes, by the steps that its manifest declares."""
