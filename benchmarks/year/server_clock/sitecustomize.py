"""The scoring server's clock in a simulated year: eight bytes in a file say how far it is from the machine's own.

Python imports this by itself in every process that has its folder in PYTHONPATH.
"""

import mmap
import os
import struct
import time
from pathlib import Path

if "LEADSCORE_YEAR_CLOCK" in os.environ:
    with Path(os.environ["LEADSCORE_YEAR_CLOCK"]).open("rb") as file:
        shift = mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ)
    own = time.time
    time.time = lambda: own() + struct.unpack("d", shift)[0]
