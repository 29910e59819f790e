"""Processes beside the control plane's that answer visitors on the same port."""
