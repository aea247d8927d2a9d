"""Repeatable measurements, each beside a goal and a baseline of the same run: `python -m benchmarks.NAME [--json]`."""
