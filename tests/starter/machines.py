"""Machines made of a few files and variables."""

from collections.abc import Mapping

from codehost.starter.machine import Machine

HOME = "/home/ada"
PIP = "/etc/pip.conf"
UV = f"{HOME}/.config/uv/uv.toml"


def machine(
    files: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None, *, platform: str = "linux"
) -> Machine:
    return Machine(
        platform=platform,
        environ=environ or {},
        home=HOME,
        prefix="/opt/codehost",
        cwd=f"{HOME}/project",
        read=(files or {}).get,
    )
