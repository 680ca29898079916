"""From a DICOM association to a result in the PACS: studies, routing, runs, results, delivery."""
