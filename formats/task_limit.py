"""How many tasks a trace may have at a time: a real one stands behind each at replay, and strangers may ask for all."""

TASKS_AT_ONCE = 4096
