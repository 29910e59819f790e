"""Deploys from Git repositories: where from, when, and the webhooks that say so."""
