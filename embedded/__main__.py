"""The command line: ``python -m embedded run`` and its smaller siblings."""

import argparse
import os
import sys

from embedded import chromium, runner, stages, supervisor
from embedded.errors import InterruptedStartError, StartError


def main(arguments: list[str]) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.what is None:
        parser.print_help()
        return 0
    try:
        return _do(options)
    except (StartError, OSError) as error:
        supervisor.complain(error)
        return 1
    except InterruptedStartError:
        return 0


def _do(options: argparse.Namespace) -> int:
    match options.what:
        case "run":
            return supervisor.run(os.environ)
        case "servers":
            return supervisor.run_servers(os.environ)
        case "chromium":
            print(chromium.ensure())
        case "with-servers":
            return runner.run(options.command, os.environ, durable=options.durable)
        case "manage":
            return supervisor.manage(options.arguments, os.environ)
        case "check":
            return stages.run(options.groups, options.pytest.split())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    commands = parser.add_subparsers(dest="what", metavar="COMMAND")
    commands.add_parser("run", help="start everything; Ctrl-C stops it")
    commands.add_parser("servers", help="start only PostgreSQL and Valkey")
    commands.add_parser("chromium", help="find or install the tests' browser")
    beside = commands.add_parser(
        "with-servers", help="run a command beside throwaway servers"
    )
    beside.add_argument(
        "--durable", action="store_true", help="servers as careful as for real data"
    )
    beside.add_argument("command", nargs="+", help="the command, after --")
    manage = commands.add_parser(
        "manage", help='run manage.py on what "make run" has started'
    )
    manage.add_argument("arguments", nargs=argparse.REMAINDER, help="of manage.py")
    check = commands.add_parser("check", help="run checks and tests")
    check.add_argument("groups", nargs="*", metavar="GROUP", help="none: all")
    check.add_argument("--pytest", default="", help="further arguments of pytest")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
