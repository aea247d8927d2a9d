"""Kubernetes: the adapter and its declarations, against a server of its API."""
