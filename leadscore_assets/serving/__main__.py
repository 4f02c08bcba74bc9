"""Runs the scoring server: `python -m leadscore_assets.serving --state FOLDER`."""

import sys

from leadscore_assets.serving.process import main

sys.exit(main())
