"""PossResend: a request that may have been told before. Owns when the first answer stands for it."""

from __future__ import annotations

from typing import Any

from tests.oracle.control import Control
from tests.oracle.requests import Result


class Resends(Control):
    def submit(self, account: str, cl_ord_id: str, *terms: Any, poss_resend: bool = False, **fields: Any) -> Result:
        known = self.first_answer(account, cl_ord_id, poss_resend, fields.get("by"))
        return known or super().submit(account, cl_ord_id, *terms, **fields)

    def replace(self, account: str, cl_ord_id: str, *terms: Any, poss_resend: bool = False, **fields: Any) -> Result:
        known = self.first_answer(account, cl_ord_id, poss_resend, fields.get("by"))
        return known or super().replace(account, cl_ord_id, *terms, **fields)

    def cancel(self, account: str, cl_ord_id: str, *terms: Any, poss_resend: bool = False, **fields: Any) -> Result:
        known = self.first_answer(account, cl_ord_id, poss_resend, fields.get("by"))
        return known or super().cancel(account, cl_ord_id, *terms, **fields)

    def first_answer(self, account: str, cl_ord_id: str, poss_resend: bool, by: str | None) -> Result | None:
        """Of a name that is taken, whatever is asked under it; None = a request like any other."""
        earlier = self.requests.get((account, cl_ord_id))
        if not poss_resend or earlier is None or self.is_free(earlier) or not self.may(by, earlier.account):
            return None
        return Result(earlier.answer, repeated=True)
