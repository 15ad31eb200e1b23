"""Measuring a classifier on labelled face crops: `edge-detect evaluate`. Needs the extra `evaluate`."""
