"""The command line: one small file per verb, and no logic. Heavy imports happen inside the verbs."""

from edge_detect.cli.main import main

__all__ = ["main"]
