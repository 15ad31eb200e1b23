"""How a run is asked to stop: it ends its step and saves its state first."""

import signal


class StopRequest:
    """Ctrl-C or SIGTERM: finish the step, save, leave; a second one leaves at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _frame: object) -> None:
        self.asked = True
        signal.signal(number, signal.default_int_handler)
