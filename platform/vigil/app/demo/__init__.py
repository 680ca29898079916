"""The whole loop of Vigil, once, on real DICOM: what `make demo` runs."""
