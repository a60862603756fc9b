"""The stand-ins for the OMS, as tests use them: whatever goes wrong in their thread fails the test."""

from oms.adapters import stand_in

ENVIRONMENT = "test"


def wait_until(condition, timeout_s=60.0):
    assert stand_in.wait_until(condition, timeout_s), "it did not happen in time"


class Server(stand_in.StandIn):
    def close(self):
        super().close()
        faults = [error for error in self.errors if not error.startswith("the session broke")]
        assert not faults, faults


class FeedServer(stand_in.FeedStandIn, Server):
    pass
