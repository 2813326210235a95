"""Redrive's version, for archives and people; setup.cfg reads it here.

The installed package's metadata says the same, but looking there would take a tenth of a start.
"""

VERSION = "0.1.0"
