"""Associations with DICOM peers: who called, how it ended, how many instances it brought."""
