"""Throwaway servers: real, fast to come, gone afterwards, in any language."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from embedded import postgres, servers, valkey
from embedded.errors import StartError
from embedded.postgres import Identity
from embedded.process import ROOT, Family


@pytest.fixture(scope="module")
def base():
    with servers.throwaway_folder() as base:
        yield base


@pytest.fixture(scope="module")
def addresses(base):
    with Family() as family:
        yield servers.start(family, base, throwaway=True)


def connect(addresses):
    parts = urlsplit(addresses.database_url)
    host = parse_qs(parts.query)["host"][0]
    return psycopg2.connect(host=host, user=parts.username, dbname=parts.path[1:])


def ask(addresses, query):
    connection = connect(addresses)
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    connection.close()
    return row


def test_database_is_private_and_fast(addresses, base):
    assert ask(addresses, "SHOW fsync") == ("off",)
    assert ask(addresses, "SHOW listen_addresses") == ("",)
    assert stat.S_IMODE((base / "run").stat().st_mode) == 0o700


def test_database_knows_the_letters_of_our_languages(addresses):
    assert ask(addresses, "SELECT lower('ÀÇÈÏÓÜ')") == ("àçèïóü",)
    found = ask(addresses, "SELECT to_tsvector('simple', '«Atenció» d’Àger – any')")
    assert found == ("'any':4 'atenció':1 'd':2 'àger':3",)


def test_broker_asks_for_its_password(addresses, base):
    client = redis.Redis.from_url(addresses.redis_url)
    client.set("word", "paraula")
    assert client.get("word") == b"paraula"
    client.close()
    parts = urlsplit(addresses.redis_url)
    stranger = redis.Redis(
        host=parts.hostname, port=parts.port, retry=Retry(NoBackoff(), 0)
    )
    with pytest.raises(redis.AuthenticationError):
        stranger.get("word")
    stranger.close()
    config = base / "valkey" / "valkey.conf"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_servers_that_are_given_are_used(tmp_path):
    given = {"database_url": "postgres://db/x", "redis_url": "redis://broker/0"}
    with Family() as family:
        found = servers.start(family, tmp_path, **given)
    assert found.environment() == {
        "DATABASE_URL": "postgres://db/x",
        "REDIS_URL": "redis://broker/0",
    }
    assert list(tmp_path.iterdir()) == []


def test_command_beside_servers_keeps_its_exit_status():
    environ = {**os.environ, "DATABASE_URL": "", "REDIS_URL": ""}
    script = 'echo "$DATABASE_URL $DJANGO_SETTINGS_MODULE"; exit 7'
    argv = [sys.executable, "-m", "embedded", "with-servers", "--", "sh", "-c", script]
    done = subprocess.run(
        argv, env=environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (7, "")
    database_url, settings = done.stdout.split()
    assert settings == "config.settings.test"
    assert not Path(parse_qs(urlsplit(database_url).query)["host"][0]).exists()


def test_half_made_cluster_is_made_again():
    """A start killed within initdb leaves a draft, which is never used."""
    with servers.throwaway_folder() as folder, Family() as family:
        draft = folder / "postgres" / "draft"
        draft.mkdir(parents=True)
        (draft / "PG_VERSION").write_text("18\n")
        server = postgres.prepare(family, folder)
        assert (server.data / "global").exists()
        assert not draft.exists()


@pytest.mark.parametrize(
    "number",
    ["1", str(os.getpid()), "999999999", "", "x"],
    ids=["init", "alive", "nobody", "empty", "words"],
)
def test_number_of_a_killed_server_does_not_stop_the_next(tmp_path, number):
    server = postgres.Server(Family(), tmp_path, tmp_path, Identity())
    server.data.mkdir(parents=True)
    note = server.data / "postmaster.pid"
    note.write_text(f"{number}\n/data\n")
    server._forget_stale_pid()
    server.family.stop()
    assert note.exists() is (number in {"", "x"})  # PostgreSQL's own to judge


def test_data_of_another_version_is_refused(tmp_path):
    binaries = postgres.find_binaries()
    server = postgres.Server(Family(), tmp_path, binaries, Identity())
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(StartError, match="was written by PostgreSQL 12"):
        server.check_version()
    server.family.stop()


def test_server_by_any_user_but_root(tmp_path, monkeypatch):
    program = postgres.find_binaries() / "postgres"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert postgres.choose_identity(program, tmp_path) == Identity()


@pytest.mark.parametrize(
    ("works", "user", "prefix"),
    [([True], 65534, ()), ([False, True], None, ("unshare", "--user"))],
)
def test_server_started_by_root(tmp_path, monkeypatch, works, user, prefix):
    answers = iter(works)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres, "_nobody", lambda: 65534)
    monkeypatch.setattr(postgres, "_works", lambda argv, **options: next(answers))
    identity = postgres.choose_identity(tmp_path / "postgres", tmp_path)
    assert (identity.user, identity.prefix[:2]) == (user, prefix)


def test_server_that_root_cannot_start_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres, "_works", lambda argv, **options: False)
    with pytest.raises(StartError, match="cannot run as root here"):
        postgres.choose_identity(tmp_path / "postgres", tmp_path)


def test_missing_programs_are_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(postgres, "_debian", list)
    with pytest.raises(StartError, match="set DATABASE_URL"):
        postgres.find_binaries()
    with pytest.raises(StartError, match="set REDIS_URL"):
        valkey.find_program()


def test_port_taken_meanwhile_is_changed(monkeypatch, addresses):
    taken = urlsplit(addresses.redis_url).port
    ports = iter([taken, valkey._free_port()])
    monkeypatch.setattr(valkey, "_free_port", lambda: next(ports))
    with servers.throwaway_folder() as folder, Family() as family:
        server = valkey.start_and_wait(family, folder, throwaway=True)
        assert server.port != taken
