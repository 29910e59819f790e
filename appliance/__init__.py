"""The server: control plane, data plane and what joins them. Kept empty, so that a build child starts light."""
