"""Writes tree/, 3,000 small files in 30 folders, and text, 20 MB of words; the same each time."""

from __future__ import annotations

import random
from pathlib import Path

LETTERS = "etaoinshrdlucm"
TEXT_BYTES = 20 << 20


def words(chance: random.Random, count: int) -> list[str]:
    """That many words of two to nine letters."""
    return ["".join(chance.choices(LETTERS, k=chance.randint(2, 9))) for _ in range(count)]


def write_tree(chance: random.Random, vocabulary: list[str]) -> None:
    """The small files: of 20 to 700 words each."""
    for folder in (Path("tree") / f"{i:02}" for i in range(30)):
        folder.mkdir(parents=True)
        for i in range(100):
            (folder / f"{i:02}.txt").write_text(" ".join(chance.choices(vocabulary, k=chance.randint(20, 700))))


def write_text(chance: random.Random, vocabulary: list[str]) -> None:
    """The large file."""
    text = " ".join(chance.choices(vocabulary, k=TEXT_BYTES // 5))
    Path("text").write_text(text[:TEXT_BYTES])


if __name__ == "__main__":
    chance = random.Random(TEXT_BYTES)
    vocabulary = words(chance, 5000)
    write_tree(chance, vocabulary)
    write_text(chance, vocabulary)
