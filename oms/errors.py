"""What went wrong, where, and what to do: the one error of the shell that is meant for people."""


class OmsError(Exception):
    """An error that the user can act upon; the command line prints it without a traceback.

    what: one sentence. where: file and line, setting, row or endpoint. remedy: what to do next.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where:      {self.where}")
        if self.remedy:
            lines.append(f"  what to do: {self.remedy}")
        return "\n".join(lines)
