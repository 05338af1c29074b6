"""Decides recorded traffic again, by a policy that is not in force yet."""
