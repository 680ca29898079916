"""Studies: the instances that arrived, and when a study is complete enough to be run."""
