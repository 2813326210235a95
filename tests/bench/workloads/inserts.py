"""Writes inserts.sql: 20,000 rows into a table with an index, in one transaction, the same each time."""

from __future__ import annotations

import random
from pathlib import Path

ROWS = 20_000
BEFORE = """\
CREATE TABLE measure(id INTEGER PRIMARY KEY, name TEXT, value REAL);
CREATE INDEX by_name ON measure(name);
BEGIN;
"""
AFTER = "COMMIT;\nSELECT count(*), max(name) FROM measure;\n"


def statements() -> str:
    """The SQL for sqlite3."""
    chance = random.Random(ROWS)
    rows = (
        f"INSERT INTO measure VALUES({i}, '{chance.randbytes(6).hex()}', {chance.random():.6f});\n" for i in range(ROWS)
    )
    return BEFORE + "".join(rows) + AFTER


if __name__ == "__main__":
    Path("inserts.sql").write_text(statements())
