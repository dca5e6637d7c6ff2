"""Shared Django ground without a word of the domain."""
