# The product without its servers: web, worker and beat are the same image.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production

# Its own user; /data is for the beat's schedule, /uploads for files of events.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin paraula \
    && install --directory --owner=paraula --group=paraula --mode=0700 /data /uploads

WORKDIR /app

# Alone, so that a change of the code does not install everything again.
COPY requirements/server.txt requirements/server.txt
RUN pip install --require-hashes --no-deps -r requirements/server.txt

COPY . .

# The settings want every value; these live for this line only, the secret is thrown
# away, and no server is visited.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    ALLOWED_HOSTS=localhost \
    DATABASE_URL=postgres://localhost/nothing \
    REDIS_URL=redis://localhost/0 \
    python manage.py collectstatic --noinput \
    && python -m compileall -q .

USER paraula

EXPOSE 8000

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "embedded.health"]

CMD ["gunicorn", "config.wsgi:application", "--bind=0.0.0.0:8000", \
     "--worker-class=gthread", "--workers=2", "--threads=4", \
     "--worker-tmp-dir=/dev/shm", "--no-control-socket", "--access-logfile=-"]
