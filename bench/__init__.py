"""Measure the product in ratios: ``make bench`` (docs/performance.md)."""
