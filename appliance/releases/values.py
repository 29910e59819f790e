"""What can go wrong with an update."""


class CannotUpdate(Exception):
    """The update stops here; `str()` says why, and that everything is as it was, or what is to be done."""
