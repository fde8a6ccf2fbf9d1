"""Runs a transform in a plain unit test, without WebAssembly: through the same columns and the same answer that a component exchanges
with the host, so nothing of it is skipped. Declared fields are taken out as the host does it.

    from millstream.testing import Input, run

    def test_swipes_go_by_their_direction() -> None:
        outcome = run(route, [{"type": "swipe", "direction": "right"}, Input("{", key="k")])
        assert outcome.to(Out.LIKES)[0].row == 0
        assert outcome.rejected[0].code == "malformed-json"
"""

from .input import Input, Tables
from .outcome import Emitted, Outcome, Rejected
from .running import configure, run

__all__ = ["Emitted", "Input", "Outcome", "Rejected", "Tables", "configure", "run"]
