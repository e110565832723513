"""Runs the command line in this process."""

from swiftalexnet.cli import main


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    """Return a command's status and what it wrote to both outputs."""
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err
