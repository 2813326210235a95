"""The pages of Redrive's own in every tracee, where no program has anything.

While a program is recorded they hold a syscall instruction and room for what syscalls injected into it point at; while
it is replayed, the stub (redrive.replayer.stub).
"""

AGENT_ADDRESS = 0x7000_0000
AGENT_LENGTH = 0x10000
"""Bytes."""
