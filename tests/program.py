"""The program's commands, all imported."""

import click

from codehost.cli.main import commands


def members(group: click.Group) -> dict[str, click.Command]:
    """A group's commands by their names."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


COMMANDS = members(commands)
