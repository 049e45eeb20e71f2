"""What every benchmark shares: problems, contests between peers, records, reports, comparison."""
