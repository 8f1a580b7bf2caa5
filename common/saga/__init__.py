"""Work that outlives a process: rows that are due, taken up again until they end."""
