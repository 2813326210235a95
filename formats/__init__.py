"""What a trace is: events, their encoding and the archive file.  Knows nothing of ptrace."""
