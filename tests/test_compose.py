"""docker-compose.yml, Dockerfile and the image's entry point, as far as they can be judged without Docker."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import codehost
from codehost.cli.main import commands
from tests.program import COMMANDS

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("codehost:"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "docker.md").read_text(encoding="utf-8")
ENTRYPOINT = ROOT / "docker" / "entrypoint.sh"

# What the compose specification calls the keys that are used here; a misspelt one would be refused or ignored.
TOP = {"name", "services", "networks", "volumes", "secrets"}
OF_SERVICE = {
    "build",
    "cap_drop",
    "command",
    "depends_on",
    "deploy",
    "environment",
    "healthcheck",
    "image",
    "init",
    "networks",
    "ports",
    "read_only",
    "restart",
    "secrets",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "tmpfs",
    "volumes",
}
OF_HEALTH = {"test", "interval", "timeout", "retries", "start_period"}
RESTARTS = {"no", "always", "on-failure", "unless-stopped"}
CONTEXT = commands.make_context("codehost", ["serve"])
DURATION = re.compile(r"(\d+h)?(\d+m)?(\d+s)?")
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}

# What the images of others read (https://hub.docker.com/_/postgres).
POSTGRES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE"}


def read_by_the_program() -> set[str]:
    """Environment variables that stand in the program or in the image's entry point."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "codehost").rglob("*.py")]
    named = {name for text in texts for name in re.findall(r'"(CODEHOST_[A-Z_]+)"', text)}
    return named | set(re.findall(r"\$\{(CODEHOST_[A-Z_]+):-\}", ENTRYPOINT.read_text(encoding="utf-8")))


def volumes_of(service: dict[str, Any]) -> dict[str, str]:
    """Where each volume of a service is mounted, by the place."""
    return {place: source for source, place, *_ in (text.split(":") for text in service.get("volumes", ()))}


def test_only_known_keys() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == TOP
    for name, service in SERVICES.items():
        assert set(service) <= OF_SERVICE, name
        assert set(service.get("healthcheck", {})) <= OF_HEALTH, name
        assert service["restart"] in RESTARTS, name


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_a_service_uses_is_there(name: str) -> None:
    service = SERVICES[name]
    for waited_for, how in service.get("depends_on", {}).items():
        assert how["condition"] in CONDITIONS
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[waited_for]
        if how["condition"] == "service_completed_successfully":
            # One that is started again and again never completes.
            assert SERVICES[waited_for]["restart"] == "no"
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    assert set(service["secrets"]) <= set(COMPOSE["secrets"])
    sources = set(volumes_of(service).values())
    assert {source for source in sources if not source.startswith("./")} <= set(COMPOSE["volumes"])
    for secret in re.findall(r"/run/secrets/(\w+)", str(service)):
        assert secret in service["secrets"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_health(name: str) -> None:
    check: dict[str, Any] = SERVICES[name].get("healthcheck", {})
    if name == "migrate":
        assert check == {}
        return
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    for key in ("interval", "timeout", "start_period"):
        assert DURATION.fullmatch(check[key])
    assert check["retries"] > 1


def test_images_are_pinned() -> None:
    bases = re.findall(r"^ARG \w+=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${PYTHON}"] * 2
    for image in (*bases, *(service["image"] for service in SERVICES.values())):
        assert re.fullmatch(r"[a-z]+:\d+(\.\d+)+[a-z0-9.-]*", image), image
    assert [base.partition("-")[0].rpartition(".")[0] for base in bases] == ["python:3.11"]
    assert {SERVICES[name]["image"] for name in OURS} == {f"codehost:{codehost.__version__}"}
    assert SERVICES["postgres"]["image"].startswith("postgres:16.")


def test_two_workers_share_the_data_and_wait_for_the_tables() -> None:
    worker = SERVICES["worker"]
    assert worker["deploy"]["replicas"] == 2
    assert {volumes_of(SERVICES[name])["/data"] for name in OURS} == {"data"}
    for name in ("worker", "serve"):
        assert SERVICES[name]["depends_on"] == {
            "postgres": {"condition": "service_healthy"},
            "migrate": {"condition": "service_completed_successfully"},
        }
    assert "./docker/hosts:/etc/codehost:ro" in worker["volumes"]
    assert worker["command"][-2:] == ["--config", "/etc/codehost"]


def test_only_the_volume_and_tmp_can_be_written() -> None:
    for name in OURS:
        service = SERVICES[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert [place.partition(":")[0] for place in service["tmpfs"]] == ["/tmp"]
        assert {place for place, source in volumes_of(service).items() if not source.startswith("./")} == {"/data"}
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)


def test_the_database_is_reached_by_our_services_only() -> None:
    assert COMPOSE["networks"]["database"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["migrate"]["networks"] == ["database"]
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "serve": ["127.0.0.1:3434:3434"]
    }


def test_the_server_leaves_the_work_to_the_workers_and_listens_where_it_is_published() -> None:
    service = SERVICES["serve"]
    words = [word for word in service["command"] if word != "--no-worker"]
    assert len(words) == len(service["command"]) - 1
    command, *options = words
    listen = COMMANDS[command].make_context(command, options, parent=CONTEXT).params["listen"]
    assert (listen.address, str(listen.port)) == ("0.0.0.0", service["ports"][0].rpartition(":")[2])


def test_every_environment_variable_is_read() -> None:
    for name in OURS:
        assert set(SERVICES[name]["environment"]) <= read_by_the_program()
    assert set(SERVICES["postgres"]["environment"]) <= POSTGRES
    assert set(re.findall(r"\bCODEHOST_[A-Z_]+", DOCKERFILE)) <= read_by_the_program()


def test_no_secret_stands_in_the_file() -> None:
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    assert {secret["file"].rpartition("/")[0] for secret in COMPOSE["secrets"].values()} == {"./docker/secrets"}
    for service in SERVICES.values():
        assert not [name for name in service["environment"] if "PASSWORD" in name and not name.endswith("_FILE")]
        assert "://" not in str(service["environment"])
    for secret in COMPOSE["secrets"]:
        assert f"docker/secrets/{secret}" in GUIDE
    assert (ROOT / "docker" / "secrets" / ".gitignore").read_text(encoding="utf-8").split() == ["*", "!.gitignore"]


def test_every_command_is_one_of_the_program() -> None:
    named = {SERVICES[name]["command"][0] for name in OURS}
    named |= set(re.findall(r"docker compose run (?:--no-TTY )?--rm \w+ (\w+)", GUIDE))
    assert named - set(COMMANDS) == set()


def test_the_guide_names_what_is_there() -> None:
    assert set(re.findall(r"docker compose run (?:--no-TTY )?--rm (\w+)", GUIDE)) <= set(OURS)
    for volume in COMPOSE["volumes"]:
        assert f"volume `{volume}`" in GUIDE
    for name in ("worker", "serve"):
        assert SERVICES[name]["healthcheck"]["test"][-1].split("'")[1] in GUIDE


def test_the_build_is_locked_and_takes_what_exists() -> None:
    assert "--require-hashes" in DOCKERFILE
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+) \S+$", DOCKERFILE, re.MULTILINE)
    taken = {source for line in copied for source in line.split()}
    assert {source for source in taken if not (ROOT / source).exists()} == set()
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line.startswith("!")}
    assert taken == sent


def enter(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the entry point with a program that says what it was given."""
    program = folder / "codehost"
    program.write_text('#!/bin/sh\necho "$CODEHOST_DATABASE_URL|${CODEHOST_DATABASE_URL_FILE-unset}|$*"\n')
    program.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", ENTRYPOINT, *arguments],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def test_the_entry_point_reads_the_url_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://u:p'$x@db/n\n", encoding="utf-8")
    ran = enter(tmp_path, "show", "a b", CODEHOST_DATABASE_URL_FILE=str(file))
    assert (ran.stdout, ran.stderr) == ("postgresql://u:p'$x@db/n|unset|show a b\n", "")


def test_the_entry_point_leaves_a_given_url_alone(tmp_path: Path) -> None:
    assert enter(tmp_path, "status", CODEHOST_DATABASE_URL="given").stdout == "given|unset|status\n"


def test_the_entry_point_says_which_file_is_missing(tmp_path: Path) -> None:
    ran = enter(tmp_path, "status", CODEHOST_DATABASE_URL_FILE="/nowhere/url")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert "CODEHOST_DATABASE_URL_FILE names /nowhere/url, which this user cannot read" in ran.stderr


def test_docker_takes_the_file() -> None:
    if not _has_compose():
        if "docker" in os.environ.get("CODEHOST_TEST_REQUIRE", "").split(","):
            pytest.fail("Docker with Compose is required but missing")
        pytest.skip("Docker with Compose is missing")
    checked = subprocess.run(
        ["docker", "compose", "--file", "docker-compose.yml", "config", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def _has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=60, check=False)
    return asked.returncode == 0
