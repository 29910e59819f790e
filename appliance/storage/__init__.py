"""The SHA-256-addressed store and the manifests that name what is in it."""
