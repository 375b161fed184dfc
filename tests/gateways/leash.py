"""Run a command while standard input stays open, so that it ends with its owner however that one ends."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE = 10.0


def main(command: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_owner, args=(process,), daemon=True).start()
    try:
        return process.wait()
    finally:
        _end(process)


def _end_with_owner(process: subprocess.Popen[bytes]) -> None:
    os.read(sys.stdin.fileno(), 1)  # unbuffered: the interpreter may end meanwhile
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    # The command leads a process group of its own name; workers it left behind are in there too.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
