"""Being told how far the reading of an archive is: functions that are called with (part, whole)."""


def nobody_watches(part: int, whole: int) -> None:
    """For those who need not know."""
