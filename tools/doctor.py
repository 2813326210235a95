"""`redrive doctor`: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import sys

import click

from redrive.tools.failures import ExitStatus


@click.command(short_help="Show what works on this machine.")
def doctor() -> None:
    """Try what recording and replaying need of this machine. Exits with 1 when one of them cannot work."""
    from redrive.tools.diagnosis import Verdict, diagnose

    worst = Verdict.GOOD
    for finding in diagnose():
        colour = {Verdict.GOOD: "green", Verdict.LIMITED: "yellow", Verdict.BROKEN: "red"}[finding.verdict]
        click.echo(f"{click.style(f'{finding.verdict.value:<8}', fg=colour)} {finding.subject:<16} {finding.found}")
        if finding.advice:
            click.echo(f"{'':25} {finding.advice}")
        if finding.verdict is not Verdict.GOOD and worst is not Verdict.BROKEN:
            worst = finding.verdict
    if worst is Verdict.BROKEN:
        sys.exit(ExitStatus.FAILURE)
