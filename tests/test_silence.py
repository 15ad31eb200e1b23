import subprocess
import sys


def test_only_what_is_written_within_to_those_descriptors_goes_nowhere():
    code = (
        "import os; from edge_detect.silence import silenced\n"
        "with silenced(2):\n    os.write(2, b'lost'); os.write(1, b'kept ')\n"
        "with silenced(1, 2), silenced(2):\n    os.write(1, b'lost'); os.write(2, b'lost')\n"
        "os.write(1, b'out'); os.write(2, b'err')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (run.stdout, run.stderr) == (b"kept out", b"err")
