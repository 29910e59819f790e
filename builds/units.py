"""Bytes by the million: what sizes are counted in."""

MB = 1_000_000
GB = 1_000_000_000
