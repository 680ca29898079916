"""The statistics, pure: numbers in, numbers out, no database and no clock."""
