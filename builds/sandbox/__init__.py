"""Runs commands that nobody vouches for: a project's own build, and what its dependencies run."""
