"""`edge-detect scan`: score picture files."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Optional

import typer

from edge_detect.cli import options
from edge_detect.errors import ExitCode, UsageError


def scan(
    paths: Annotated[
        Optional[list[str]],
        typer.Argument(metavar="PATH", help="Files, folders (recursive), quoted globs, or - for one picture on stdin."),
    ] = None,
    files_from: Annotated[
        Optional[str],
        typer.Option(metavar="FILE", help="Read more paths from FILE (- for stdin), one a line or NUL-separated."),
    ] = None,
    model: options.Model = None,
    finder: options.Finder = None,
    whole_image: options.WholeImage = False,
    small_faces: options.SmallFaces = False,
    fpr: options.Fpr = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table with a header.")] = False,
    output: Annotated[
        Optional[str],
        typer.Option("--output", "-o", metavar="FILE", help="Write the results to FILE instead of stdout."),
    ] = None,
    save_crops: Annotated[
        Optional[Path], typer.Option(metavar="DIR", help="Write what the classifier saw, as PNG.")
    ] = None,
    annotate: Annotated[
        Optional[Path],
        typer.Option(metavar="DIR", help="Write the pictures, as decoded, with boxes and scores drawn in."),
    ] = None,
    workers: options.Workers = None,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 also when something is flagged.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no summary.")] = False,
) -> None:
    """Score picture files: how likely is each of them a deepfake?

    One line per picture on stdout. Exit codes: 0 nothing flagged, 1 something flagged, 2 wrong usage or any
    unreadable picture, 70 internal error, 130 interrupted.
    """
    if not paths and files_from is None:
        raise UsageError("nothing to scan: name files, folders or -, or use --files-from (see edge-detect scan --help)")
    options.check_search(whole_image=whole_image, small_faces=small_faces, finder=finder)
    if as_json + as_jsonl + as_csv > 1:
        raise UsageError("--json, --jsonl and --csv exclude each other")
    if [*(paths or ()), files_from].count("-") > 1:
        raise UsageError("standard input can be one picture (-) or one list (--files-from -)")

    from edge_detect.labeller import load_inspector
    from edge_detect.progress import progress
    from edge_detect.scan import Tally, scan_files
    from edge_detect.sinks import check_output, open_sink, pictures
    from edge_detect.sources.files import expand, read_list
    from edge_detect.writable import make_writable

    files = [*expand(paths or ()), *(read_list(files_from) if files_from else ())]
    if not files:
        raise UsageError(f"the list {files_from} names no pictures")
    check_output(output, [*files, *filter(None, [files_from])])
    kind = "json" if as_json else "jsonl" if as_jsonl else "csv" if as_csv else "text"
    threads = min(workers or os.cpu_count() or 1, len(files))
    how = {"finder": finder, "whole_image": whole_image, "small_faces": small_faces, "fpr": fpr}
    detectors = [load_inspector(model, **how) for _ in range(threads)]
    visitors = []
    for folder, write in ((save_crops, pictures.save_crops), (annotate, pictures.save_annotated)):
        if folder:
            try:
                make_writable(folder)
            except OSError as error:
                raise UsageError(f"pictures cannot be written to {folder}: {error.strerror}") from error
            visitors.append(partial(write, folder=folder))
    tally = Tally()
    try:
        with progress(len(files), "scanning", hidden=quiet) as advance, open_sink(kind, output) as sink:
            for result in scan_files(files, detectors, visitors):
                sink.write(result)
                tally.add(result)
                advance()
    except BrokenPipeError:  # the reader has seen enough; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if not quiet and sys.stderr.isatty():
        typer.echo(str(tally), err=True)
    sys.exit(ExitCode.OK if exit_zero and tally.exit_code == ExitCode.FLAGGED else tally.exit_code)
