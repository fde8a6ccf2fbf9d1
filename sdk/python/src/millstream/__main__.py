"""``python -m millstream build``: see `millstream.build`."""

import sys

from .build import main

sys.exit(main())
