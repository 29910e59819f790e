"""The workshop: turns an upload into files; knows nothing of the server."""
