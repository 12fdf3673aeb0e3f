"""Where the configuration files of pip and uv are.

Each function returns groups of places. Of a group the first file that is there counts; the groups follow one another
as the tool takes them: pip's from the weakest to the strongest, uv's from the strongest to the weakest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from codehost.starter.machine import MACOS, WINDOWS, path_rules
from codehost.starter.settings import TRUE


class Scope(StrEnum):
    """For whom a configuration file is."""

    GLOBAL = "global"
    USER = "user"
    SITE = "site"
    PROJECT = "project"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One file that may be there. ``table`` leads to the settings in it: ``("tool", "uv")`` in a pyproject.toml."""

    path: str
    scope: Scope
    table: tuple[str, ...] = ()


Groups = tuple[tuple[Place, ...], ...]


def pip_places(
    *, platform: str, environ: Mapping[str, str], home: str, prefix: str, chosen_exists: bool = False
) -> Groups:
    """The files of pip, weakest first; none when the environment turns them off.

    ``chosen_exists`` tells whether the file that ``PIP_CONFIG_FILE`` names is there: then pip passes over the user's.
    (pip's documentation, "Configuration", and its ``configuration.py``.)
    """
    chosen = environ.get("PIP_CONFIG_FILE", "")
    # pip's documentation: os.devnull keeps every configuration file from being read.
    if chosen == "/dev/null" or (platform == WINDOWS and chosen.lower() == "nul"):
        return ()
    join = path_rules(platform).join
    name = "pip.ini" if platform == WINDOWS else "pip.conf"
    site = join(environ.get("VIRTUAL_ENV") or prefix, name)
    groups = [_alone(join(directory, name), Scope.GLOBAL) for directory in _pip_global(platform, environ)]
    if not chosen_exists:
        groups += _pip_user(platform, environ, home)
    groups.append(_alone(site, Scope.SITE))
    if chosen:
        groups.append(_alone(chosen, Scope.CHOSEN))
    return tuple(groups)


def _pip_global(platform: str, environ: Mapping[str, str]) -> list[str]:
    if platform == WINDOWS:
        return [_windows(environ, "ProgramData", r"C:\ProgramData") + r"\pip"]
    if platform == MACOS:
        return ["/Library/Application Support/pip"]
    return [*(f"{directory}/pip" for directory in _xdg_directories(environ)), "/etc"]


def _pip_user(platform: str, environ: Mapping[str, str], home: str) -> list[tuple[Place, ...]]:
    if platform == WINDOWS:
        roaming = _windows(environ, "APPDATA", rf"{home}\AppData\Roaming")
        profile = _windows(environ, "USERPROFILE", home)
        return [_alone(rf"{profile}\pip\pip.ini", Scope.USER), _alone(rf"{roaming}\pip\pip.ini", Scope.USER)]
    legacy = _alone(f"{home}/.pip/pip.conf", Scope.USER)
    if platform == MACOS:
        # pip looks whether the directory is there; a directory without the file is as good as none here.
        library = Place(path=f"{home}/Library/Application Support/pip/pip.conf", scope=Scope.USER)
        return [legacy, (library, Place(path=f"{home}/.config/pip/pip.conf", scope=Scope.USER))]
    configuration = environ.get("XDG_CONFIG_HOME", "").strip() or f"{home}/.config"
    return [legacy, _alone(f"{configuration}/pip/pip.conf", Scope.USER)]


def uv_places(*, platform: str, environ: Mapping[str, str], home: str, cwd: str) -> Groups:
    """The files of uv, strongest first; none when the environment turns them off.

    The project's are looked for in the current directory and its parents. (uv's documentation, "Configuration files"
    and "Storage".)
    """
    chosen = environ.get("UV_CONFIG_FILE", "")
    if chosen:
        return (_alone(chosen, Scope.CHOSEN),)
    if environ.get("UV_NO_CONFIG", "").lower() in TRUE:
        return ()
    user = _alone(_uv_user(platform, environ, home), Scope.USER)
    return (_uv_project(platform, cwd), user, _uv_system(platform, environ))


def _uv_project(platform: str, cwd: str) -> tuple[Place, ...]:
    paths = path_rules(platform)
    places: list[Place] = []
    directory = cwd
    while True:
        # uv's documentation: in one directory, uv.toml stands in for the pyproject.toml.
        places.append(Place(path=paths.join(directory, "uv.toml"), scope=Scope.PROJECT))
        pyproject = paths.join(directory, "pyproject.toml")
        places.append(Place(path=pyproject, scope=Scope.PROJECT, table=("tool", "uv")))
        parent = paths.dirname(directory)
        if parent == directory:
            return tuple(places)
        directory = parent


def _uv_user(platform: str, environ: Mapping[str, str], home: str) -> str:
    if platform == WINDOWS:
        return _windows(environ, "APPDATA", rf"{home}\AppData\Roaming") + r"\uv\uv.toml"
    configured = environ.get("XDG_CONFIG_HOME", "")
    # XDG Base Directory Specification: a relative path in these variables is to be ignored.
    directory = configured if configured.startswith("/") else f"{home}/.config"
    return f"{directory}/uv/uv.toml"


def _uv_system(platform: str, environ: Mapping[str, str]) -> tuple[Place, ...]:
    if platform == WINDOWS:
        drive = _windows(environ, "SYSTEMDRIVE", "C:")
        return _alone(_windows(environ, "ProgramData", rf"{drive}\ProgramData") + r"\uv\uv.toml", Scope.GLOBAL)
    paths = [*(f"{directory}/uv/uv.toml" for directory in _xdg_directories(environ)), "/etc/uv/uv.toml"]
    return tuple(Place(path=path, scope=Scope.GLOBAL) for path in paths)


def _xdg_directories(environ: Mapping[str, str]) -> list[str]:
    directories = [directory for directory in environ.get("XDG_CONFIG_DIRS", "").split(":") if directory.strip()]
    return directories or ["/etc/xdg"]


def _windows(environ: Mapping[str, str], name: str, otherwise: str) -> str:
    # Windows does not tell capitals from small letters in the names of variables.
    return next((value for key, value in environ.items() if key.upper() == name.upper() and value), otherwise)


def _alone(path: str, scope: Scope) -> tuple[Place, ...]:
    return (Place(path=path, scope=scope),)
