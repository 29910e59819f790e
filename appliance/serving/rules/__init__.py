"""A site's own rules: read when the deploy is made, compiled when it is loaded, looked up when it is visited."""
