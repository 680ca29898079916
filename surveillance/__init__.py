"""Is it still safe: records, aggregates, measures, alerts and reports that know no patient."""
