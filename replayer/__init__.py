"""Drives tracees again from events."""
