"""Write docs/cli.md: every command of bosslet with its options, as the commands themselves say.

python scripts/describe_cli.py > docs/cli.md
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from bosslet.cli import main

HEAD = """\
# The command line

Made from the commands by `scripts/describe_cli.py`: change those, not this page. `bosslet VERB --help` says the same.

Commands that name a channel take it as `collection/experiment/channel`. The uploads folder is `--uploads DIR`, else
`BOSSLET_UPLOADS_PATH`, else `./uploads`; other settings are in the README. Long commands show how far they are on a
terminal. With `--json` they print an object on each line instead; the last one has the event `done`, or what was found.

| exit status | |
|---|---|
| 0 | done |
| 1 | done, and something is damaged, or not as it should be: it is told |
| 2 | refused, with one line that says why; nothing has changed, or it says how to go on |
| 130 | Ctrl-C; it says what that means |

## Completion

```sh
eval "$(_BOSSLET_COMPLETE=bash_source bosslet)"      # bash, in ~/.bashrc
eval "$(_BOSSLET_COMPLETE=zsh_source bosslet)"       # zsh, in ~/.zshrc
_BOSSLET_COMPLETE=fish_source bosslet | source       # fish, in ~/.config/fish/completions/bosslet.fish
```
"""


def page() -> str:
    """All of it."""
    return HEAD + "".join(f"\n{_section(names, command)}" for names, command in _commands(main, ("bosslet",)))


def _commands(group: click.Group, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Those that are not hidden, by name; of a group, what is in it."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from _commands(command, (*names, name))
        elif not command.hidden:
            yield (*names, name), command


def _section(names: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(command, info_name=" ".join(names))
    usage = " ".join([*names, *command.collect_usage_pieces(context)])
    words, _, example = inspect.cleandoc(command.help or "").partition("\n\n\b\n")
    found = [record for each in command.params if (record := each.get_help_record(context)) is not None]
    rows = [(name, says) for name, says in found if says]
    options = "".join(f"| `{_cell(name)}` | {_cell(says)} |\n" for name, says in rows)
    table = f"\n| option | |\n|---|---|\n{options}" if rows else ""
    return f"## {' '.join(names)}\n\n    {usage}\n\n{words}\n\n```sh\n{inspect.cleandoc(example)}\n```\n{table}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    print(page(), end="")
