"""Drives tracees for the first time and writes events."""
