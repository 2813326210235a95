"""One stopped process and what can be done to it.  Knows nothing of traces."""
