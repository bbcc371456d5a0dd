"""`python -m oxide_build` and the `oxide-build` script: the command line as a process.

In: the process. Out: its exit status, quiet where whoever called it has gone: 130 after Ctrl-C, 1 when the reader of
a pipe has left. What the system refuses is one line. Its own room because this must hold while the commands are still
being imported.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line."""
    try:
        try:
            from oxide_build import cli

            cli.main()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # What is still in the buffer must go somewhere when Python closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        sys.exit(f"oxide-build: {error}")


if __name__ == "__main__":
    main()
