"""Recomputes objectives from raw events, with zoneinfo and fractions, and no thought shared with the crate."""

import sys
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo, available_timezones

UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GOOD = {"success", "client_error"}
BAD = {"failure", "rejected", "throttled"}


def local(zone, second):
    return (EPOCH + timedelta(seconds=second)).astimezone(zone)


def first_instant(zone, day):
    """The first second whose local date is that day or later, none before it being so."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    guess = int((midnight.astimezone(UTC) - EPOCH).total_seconds())
    if local(zone, guess).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return guess
    # There is no midnight: look for the jump, between two days before and two after.
    low, high = guess - 2 * 86400, guess + 2 * 86400
    while high - low > 1:
        middle = (low + high) // 2
        if local(zone, middle).date() >= day:
            high = middle
        else:
            low = middle
    return high


def period(zone, name):
    if "Q" in name:
        year, quarter = int(name[:4]), int(name[-1])
        first = date(year, 3 * quarter - 2, 1)
        after = date(year + quarter // 4, 3 * quarter % 12 + 1, 1)
    elif "W" in name:
        first = date.fromisocalendar(int(name[:4]), int(name[-2:]), 1)
        after = first + timedelta(days=7)
    elif len(name) == 7:
        year, month = int(name[:4]), int(name[5:])
        first = date(year, month, 1)
        after = date(year + month // 12, month % 12 + 1, 1)
    else:
        first = date.fromisoformat(name)
        after = first + timedelta(days=1)
    return first_instant(zone, first), first_instant(zone, after)


def overlap(start, end, spans):
    """The seconds of (start, end] that are in any of the spans, as a set of cut pieces."""
    return sum(max(0, min(end, b) - max(start, a)) for a, b in spans)


def effect_at(second, corrections):
    effects = [effect for a, b, effect in corrections if a < second <= b]
    return "exclude" if "exclude" in effects else "good" if effects else None


def seconds_by_effect(start, end, corrections, gaps):
    """How long each effect holds in (start, end], and of the time without effect how much was known and unknown."""
    cuts = {start, end}
    for a, b, *_ in corrections + gaps:
        cuts |= {cut for cut in (a, b) if start < cut < end}
    cuts = sorted(cuts)
    by = {"exclude": 0, "good": 0, "known": 0, "unknown": 0}
    for a, b in zip(cuts, cuts[1:]):
        effect = effect_at(b, corrections)
        if effect is None:
            effect = "unknown" if any(x < b <= y for x, y in gaps) else "known"
        by[effect] += b - a
    return by


def show(fraction):
    return "none" if fraction is None else f"{fraction.numerator}/{fraction.denominator}"


def judge(zone, name, how, gaps, corrections, events):
    start, end = period(zone, name)
    objective = Fraction(how[0])
    method, length, good_from = how[1], int(how[2]), Fraction(how[3])
    no_traffic, unknown = how[4], how[5]
    by = seconds_by_effect(start, end, corrections, gaps)
    dark = overlap(start, end, gaps)
    counted = []
    for second, number, outcome in events:
        if not start < second <= end or outcome not in GOOD | BAD:
            continue
        effect = effect_at(second, corrections)
        if effect != "exclude":
            counted.append((second, number, effect == "good" or outcome in GOOD))
    slices = 0
    if method == "occurrences":
        total = sum(number for _, number, _ in counted)
        good = sum(number for _, number, is_good in counted if is_good)
        weights = [(Fraction(good), Fraction(total))] if total else []
    else:
        weights, last, at = [], None, 0
        for a in range(start, end, length):
            b = min(a + length, end)
            total = good = 0
            while at < len(counted) and counted[at][0] <= b:
                total += counted[at][1]
                good += counted[at][1] if counted[at][2] else 0
                at += 1
            times = seconds_by_effect(a, b, corrections, gaps)
            if times["good"] + times["known"] + times["unknown"] == 0:
                continue
            if total:
                value = Fraction(good, total)
            elif times["good"]:
                value = Fraction(1)
            else:
                policy = no_traffic if times["known"] >= times["unknown"] else unknown
                value = {"good": Fraction(1), "bad": Fraction(0), "skip": None, "carry": last}[policy]
            if value is None:
                continue
            last = value
            slices += 1
            if method == "timeslices":
                value = Fraction(1) if value >= good_from else Fraction(0)
            weights.append((value, Fraction(1)))
    total = sum(weight for _, weight in weights)
    if not total:
        return f"{start} {end} none none none {slices} {by['exclude']} {dark}"
    good = sum(value for value, _ in weights)
    left = total * (1 - objective) - (total - good)
    kept = "kept" if good / total >= objective else "broken"
    return f"{start} {end} {show(good / total)} {show(left)} {kept} {slices} {by['exclude']} {dark}"


def main():
    if not available_timezones():
        print("no zones")
        return
    cases = []
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "case":
            cases.append((ZoneInfo(rest[0]), rest[1], [], [], [], []))
        elif word == "judge":
            cases[-1][2].extend(rest)
        elif word == "gap":
            cases[-1][3].append((int(rest[0]), int(rest[1])))
        elif word == "correct":
            cases[-1][4].append((int(rest[0]), int(rest[1]), rest[2]))
        elif word == "event":
            cases[-1][5].append((int(rest[0]), int(rest[1]), rest[2]))
    for case in cases:
        case[5].sort(key=lambda event: event[0])
        print(judge(*case))


main()
