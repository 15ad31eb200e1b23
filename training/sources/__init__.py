"""From public repositories to labelled face crops: `python -m training.sources list | build | check`.

Each source is one TOML file beside this one; docs/data.md shows them with their figures.
"""
