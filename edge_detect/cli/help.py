"""How a verb shows its arguments: by their names alone, as the README does, whichever Typer is installed."""

from typing import Any

from typer.core import TyperCommand


class Verb(TyperCommand):
    """A command whose help has no Python types and no braces. Its options name their values (`metavar`)."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words of the usage line: `[DATA]...` may be left out, `DATA...` may not."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def get_short_help_str(self, limit: int = 200) -> str:
        """What a list of verbs says of this one: its first sentence, whole."""
        return super().get_short_help_str(max(limit, 200))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The lists of arguments and of options."""
        lists: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                if parameter.param_type_name == "argument":
                    lists["Arguments"].append((str(parameter.metavar), record[1]))
                else:
                    lists["Options"].append(record)
        for title, rows in lists.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
