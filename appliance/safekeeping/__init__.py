"""Backups, restoring them, and finding and mending what is damaged."""
