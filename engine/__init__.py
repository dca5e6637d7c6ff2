"""The compliance engine: plain Python, no framework, no clock, no settings."""
