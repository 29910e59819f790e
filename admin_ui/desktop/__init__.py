"""The desktop window: the admin in a window of its own, with the server behind it in the same process."""
