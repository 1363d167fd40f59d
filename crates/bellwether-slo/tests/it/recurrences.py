"""The referee of recurrence rules: lists, for each line `start|rule|from|to`, the local times that dateutil finds, of a rule.

Each line of the answer has them as they are on the wall, between the two days, by commas.
"""

import sys
from datetime import datetime

from dateutil.rrule import rrulestr

FORMAT = "%Y%m%dT%H%M%S"

for line in sys.stdin:
    start, rule, first, last = line.strip().split("|")
    first, last = (datetime.strptime(day, FORMAT) for day in (first, last))
    found = rrulestr("RRULE:" + rule, dtstart=datetime.strptime(start, FORMAT)).between(first, last, inc=True)
    print(",".join(at.strftime(FORMAT) for at in found))
