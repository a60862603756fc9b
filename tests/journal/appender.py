"""A process that appends for ever and prints each position that is safe. Run by the crash tests; no test itself.

    appender.py DIRECTORY DURABILITY SEGMENT_BYTES [RECORDS [FILE_SIZE_LIMIT]]

After RECORDS it closes the journal and ends; the limit stands for a disk that becomes full.
"""

import resource
import sys

from oms.errors import OmsError
from oms.journal import Journal
from tests.journal.tools import record


def main(directory: str, durability: str, segment_bytes: str, records: str = "0", limit: str = "0") -> int:
    try:
        with Journal(directory, durability, segment_bytes=int(segment_bytes), interval_ms=1) as journal:
            if int(limit):
                resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
            while not int(records) or journal.sequence < int(records):
                for _ in range(journal.sequence % 13 + 1):
                    number = journal.sequence + 1
                    journal.append(record(number, 32 + number % 40 * 8))
                if journal.sequence % 3 == 0:
                    journal.commit()
                    print(journal.safe, flush=True)
                else:
                    print(journal.flush(), flush=True)
    except OmsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
