"""``codehost serve``."""

from ipaddress import ip_network
from pathlib import Path, PurePosixPath
from typing import Any

import click
from click.core import ParameterSource

from codehost.app import serving
from codehost.app.daemon.settings import HttpAddress
from codehost.app.serving import SERVE_PORT, ServeSettings
from codehost.cli.keys import key_option, keyring_at
from codehost.cli.options import run, storage_at, storage_options
from codehost.cli.statuses import OK
from codehost.cli.worker import Address, working_options, working_settings
from codehost.config.reach import Reach
from codehost.serve.access.forwarded import Network
from codehost.serve.access.gate import Reading
from codehost.serve.access.hosts import host_in
from codehost.serve.access.origin import site_of
from codehost.serve.listening import TlsFiles
from codehost.terminal.lines import LastingConsole
from codehost.terminal.logs import LogFormat, configure_logs, log_format_option

# What says nothing where no worker is.
_WORKING = ("config", "concurrency", "watch_every", "grace", "lease_seconds")


class _Network(click.ParamType[Any]):
    """An address, or a network in CIDR form."""

    name = "cidr"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Network:
        """The network."""
        try:
            return ip_network(str(value), strict=False)
        except ValueError:
            self.fail(f"{value!r} is no network: write for example 10.0.0.0/8 or 127.0.0.1.", param, ctx)


class _HostName(click.ParamType[Any]):
    """A name without a port."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name in lower case."""
        text = str(value)
        if ":" in text or (found := host_in(text)) is None:
            self.fail(f"{text!r} is no host's name: write for example code.example.com.", param, ctx)
        return found


@click.command()
@storage_options
@key_option
@click.option(
    "--listen",
    type=Address(allow_none=False, port=SERVE_PORT),
    default=f"127.0.0.1:{SERVE_PORT}",
    show_default=True,
    help="Where the server is; 0.0.0.0:3434 for all addresses of this machine.",
)
@click.option("--no-worker", is_flag=True, help="Only serve: workers run elsewhere.")
@click.option(
    "--reading",
    type=click.Choice([one.value for one in Reading]),
    help="Who may read: all, or who has a token. [default: open on a loopback address without a proxy, else token]",
)
@click.option("--base-path", metavar="PATH", help="The path that the server is below, such as /codehost.")
@click.option("--public-url", metavar="URL", help="The server as people know it; goes into every link.")
@click.option(
    "--host-name",
    "host_names",
    type=_HostName(),
    multiple=True,
    metavar="NAME",
    help="A further name that the server is called by. Repeatable.",
)
@click.option(
    "--trusted-proxy",
    "trusted",
    type=_Network(),
    multiple=True,
    metavar="CIDR",
    help="Proxies whose word on the client is believed. Repeatable.",
)
@click.option("--tls-certificate", type=click.Path(path_type=Path), help="Serve HTTPS with this PEM file.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="The certificate's key, if it is in another file.")
@click.option(
    "--allow-secret-files",
    "folders",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FOLDER",
    help="Documents that come over HTTP may refer to files below it. Repeatable.",
)
@click.option(
    "--allow-secret-env",
    "variables",
    multiple=True,
    metavar="NAME",
    help="Documents that come over HTTP may refer to this environment variable. Repeatable.",
)
@working_options
@log_format_option
@click.pass_context
def serve(
    context: click.Context,
    /,
    *,
    data_dir: Path,
    database_url: str | None,
    key_file: Path | None,
    listen: HttpAddress,
    no_worker: bool,
    reading: str | None,
    base_path: str | None,
    public_url: str | None,
    host_names: tuple[str, ...],
    trusted: tuple[Network, ...],
    tls_certificate: Path | None,
    tls_key: Path | None,
    folders: tuple[Path, ...],
    variables: tuple[str, ...],
    log_format: LogFormat,
    **working: Any,
) -> int:
    """Serve repositories over HTTP, and work, until SIGTERM.

    There are git, pages, the feed and the API; the work is that of codehost worker. SIGHUP reads all configurations and
    the certificate again.
    """
    if no_worker:
        _refuse_working_options(context)
    if tls_key is not None and tls_certificate is None:
        raise click.UsageError("--tls-key goes with --tls-certificate.")
    storage = storage_at(data_dir, database_url)
    keyring = keyring_at(storage, key_file)
    settings = ServeSettings(
        listen=listen,
        worker=None if no_worker else working_settings(working),
        reading=None if reading is None else Reading(reading),
        site=site_of(base_path, public_url),
        names=host_names,
        trusted=trusted,
        tls=None if tls_certificate is None else TlsFiles(certificate=tls_certificate, key=tls_key),
        reach=Reach(
            folders=tuple(PurePosixPath(folder.absolute()) for folder in folders), variables=frozenset(variables)
        ),
        stop_within=working["stop_within"],
    )
    configure_logs(LastingConsole(stderr=True), as_json=log_format is LogFormat.JSON, level="info")
    run(serving.serve(storage, keyring, settings))
    return OK


def _refuse_working_options(context: click.Context) -> None:
    for name in _WORKING:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} is for a worker, and --no-worker says that there is none.")
