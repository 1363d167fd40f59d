"""Recomputes what the demo promises from its log, a line for each request, call and panic, in exact fractions.

Arguments: the log, bellwether.toml, the answer of /api/slo, and a report of the month as JSON. Prints what differs.
"""

import json
import sys
import tomllib
from collections import Counter, defaultdict
from datetime import datetime
from fractions import Fraction
from math import ceil, floor

WELL = {"success", "client_error"}
LOST = {"failure", "throttled", "rejected"}
MINUTE = 60
PEERS = ["stt", "llm", "tts"]
# A tick, and what one may be late: an event so near to a minute's end may count for the next one.
TICK = 3


class Event:
    """A good or a bad one, of a time, and what there is to tell it by."""

    def __init__(self, line, good):
        self.at, self.good = seconds(line["timestamp"]), good
        rpc = "rpc.system.name" in line or line.get("http.route", "").startswith("/voice.v1.")
        route = line["message"].split(":")[0] if rpc else line.get("http.route", "")
        self.by = {"route": route, "outcome": line["outcome"], "error kind": line.get("error.type", "")}
        self.request = line.get("request_id")


def seconds(instant):
    whole, _, part = instant.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole + "+00:00").timestamp() + float("0." + (part or "0"))


def counted(lines):
    """The events of each objective; of a pair of counters and of expressions, the numbers of good ones and of all."""
    requests = [line for line in lines if line["target"] == "bellwether::request"]
    calls = [line for line in lines if line["target"] == "voice::calls"]
    turns = [line for line in requests if line.get("http.route") == "/v1/turns"]
    answered = lambda of: [Event(line, line["outcome"] in WELL) for line in of if line["outcome"] in WELL | LOST]
    fast = [
        Event(line, line["duration_seconds"] <= 0.8)
        for line in turns
        if line["outcome"] in WELL or (line["outcome"] == "cancelled" and line["duration_seconds"] > 0.8)
    ]
    called = [line for line in calls if line.get("peer") == "stt" and line["outcome"] in WELL | LOST - {"rejected"}]
    reads = [line for line in requests if line["http.request.method"] == "GET"]
    voice = sum(line.get("transaction") == "voice_turn" for line in requests)
    panics = sum(line["target"] == "panic" for line in lines)
    return {
        "turns": answered(turns),
        "turns-fast": fast,
        "up": answered(requests),
        "speech-to-text": [Event(line, line["outcome"] in WELL) for line in called],
        "panic-free": (voice - panics, voice),
        "reads": (sum(line["outcome"] != "failure" for line in reads), len(reads)),
    }


def sums(events):
    return events if isinstance(events, tuple) else (sum(event.good for event in events), len(events))


def slices(events, end):
    """How many minutes are good and bad: at least, and at most, since those at the edges may count or not."""
    by_minute = {}
    for event in events:
        by_minute.setdefault(floor(event.at / MINUTE), []).append(event)
    first, last = min(by_minute), floor(end / MINUTE)
    sure = lambda minute, event: TICK < event.at - minute * MINUTE < MINUTE - TICK
    good = bad = maybe = 0
    for minute in range(first, last + 1):
        of = by_minute.get(minute, [])
        if of and any(sure(minute, event) for event in of):
            is_good = 2 * sum(event.good for event in of) >= len(of)
            good, bad = good + is_good, bad + (not is_good)
        elif first < minute < last:
            good += 1  # Nobody asked, and it was there.
        else:
            maybe += 1
    return good, bad, maybe


class Compare:
    """Remembers what differs."""

    def __init__(self):
        self.differ = []

    def same(self, what, here, there):
        if here != there:
            self.differ.append(f"{what}: {there} said, {here} counted")

    def ratio(self, what, here, there):
        """Exact, and as percent, cut."""
        if here is None or there is None:
            return self.same(what, here, there)
        cut = floor(here * 100 * 10**6)
        sign, cut = ("-", -cut) if cut < 0 else ("", cut)
        self.same(what, {"exact": str(here), "percent": f"{sign}{cut // 10**6}.{cut % 10**6:06}"}, there)

    def budget(self, what, good, total, target, there):
        allowed, bad = total * (1 - target), total - good
        self.same(what + " allowed", str(allowed), there["allowed"])
        self.same(what + " spent", str(bad), there["spent"])
        self.same(what + " left", str(allowed - bad), there["left"])
        self.ratio(what + " remaining", (allowed - bad) / allowed, there["remaining"])

    def standing(self, name, good, total, target, there):
        """An objective of /api/slo."""
        bad, budget = total - good, total * (1 - target)
        burn = Fraction(bad) / budget
        left = max(1 - burn, 0)
        self.same(f"{name} good", good, there["good"])
        self.same(f"{name} total", total, there["total"])
        self.same(f"{name} ratio", str(Fraction(good, total)), there["ratio"])
        self.same(f"{name} remaining", str(1 - burn), there["remaining"])
        self.same(f"{name} burn rate", str(burn), there["burn_rate"])
        self.same(f"{name} status", "ok" if bad <= budget else "breached", there["status"])
        lasts = floor(left / burn * 30 * 86400) if burn else None
        self.same(f"{name} to exhaustion", lasts, there["seconds_to_exhaustion"])
        self.same(f"{name} hung", 0, there["hung"])

    def spending(self, name, events, allowed, there):
        bad = [event for event in events if not event.good]
        dimensions = {entry["by"]: entry for entry in there}
        for by in ["route", "outcome", "error kind"]:
            if by not in dimensions:
                # Where nobody has a name, nobody is told apart.
                self.same(f"{name} by {by}", sum(event.by[by] != "" for event in bad), 0)
                continue
            entry, what = dimensions[by], f"{name} by {by}"
            ranked = sorted(Counter(event.by[by] for event in bad).items(), key=lambda item: (-item[1], item[0]))
            self.same(what, len(bad), entry["bad"])
            self.same(what + " others", sum(number for _, number in ranked[5:]), entry["others"])
            self.same(what, [list(item) for item in ranked[:5]], [[s["name"], s["bad"]] for s in entry["spenders"]])
            for spender in entry["spenders"]:
                self.ratio(what + " share", Fraction(spender["bad"], len(bad)), spender["share"])
                of_budget = allowed and Fraction(spender["bad"]) / allowed
                self.ratio(what + " of the budget", of_budget, spender["of_budget"])

    def blame(self, name, events, failed, there):
        """Whose fault it was: all bad events are somebody's, and whoever has none of a request's failed calls has no part in it
        but by refusing to call."""
        bad = [event for event in events if not event.good]
        entries = {entry["by"]: {s["name"]: s["bad"] for s in entry["spenders"]} for entry in there}
        by = entries.get("dependency", {})
        self.same(f"{name} by dependency", len(bad), sum(by.values()))
        self.same(f"{name} not attributed", 0, by.get("", 0))
        for peer in PEERS:
            told = sum(bad for who, bad in by.items() if who.split("/")[0] == peer)
            alone = sum(failed[event.request] == {peer} for event in bad)
            # Refused without a call, it leaves no line.
            quiet = sum(not failed[event.request] for event in bad)
            among = sum(peer in failed[event.request] for event in bad)
            self.same(f"{name} by {peer}, {told} at least {alone}", True, told >= alone)
            self.same(f"{name} by {peer}, {told} at most {among} and {quiet}", True, told <= among + quiet)
        releases = entries.get("release", {})
        self.same(f"{name} by release", [len(bad)], list(releases.values()))
        self.same(f"{name} releases", True, "" not in releases)

    def report(self, name, events, target, there):
        """An objective of a report."""
        good, total = sums(events)
        self.same(f"{name} events", {"good": good, "total": total}, there["events"])
        for key in ["good", "total"]:
            of_days = sum(day["events"][key] for day in there["days"])
            self.same(f"{name} {key} of all days", there["events"][key], of_days)
        allowed = total * (1 - target)
        if there["slices"] is not None:
            good, bad, maybe = slices(events, seconds(there["end"]))
            found = there["slices"]
            minutes = ceil((seconds(there["end"]) - seconds(there["start"])) / MINUTE)
            self.same(f"{name} bad slices", bad, found["bad"])
            self.same(f"{name} good slices at least", True, good <= found["good"] <= good + maybe)
            self.same(f"{name} slices", minutes, found["good"] + found["bad"] + found["skipped"])
            # Which of those at the edges count is settled; the rest follows.
            good, total, allowed = found["good"], found["good"] + found["bad"], None
            up, down = (round(found[key] * 10**9) for key in ["up_seconds", "down_seconds"])
            self.ratio(f"{name} uptime", Fraction(up, up + down), found["uptime"])
        self.same(f"{name} judged", {"good": good, "total": total}, there["judged"])
        self.ratio(f"{name} ratio", Fraction(good, total), there["ratio"])
        self.budget(f"{name} budget", good, total, target, there["budget"])
        kept = total - good <= total * (1 - target)
        self.same(f"{name} kept", kept, there["kept"])
        self.same(f"{name} result", "kept" if kept else "broken", there["result"])
        if name in ["turns", "turns-fast", "up"]:
            self.spending(name, events, allowed, there["spending"])
        if name in ["turns", "up"]:
            self.blame(name, events, self.failed, there["spending"])
        if name == "speech-to-text":
            told = {e["by"]: {s["name"]: s["bad"] for s in e["spenders"]} for e in there["spending"]}
            lost = {"stt": total - good} if total > good else {}
            self.same(f"{name} by dependency", lost, told.get("dependency", {}))


def main(log, promises, slo, report):
    with open(log) as file:
        lines = [json.loads(line) for line in file if line.startswith("{")]
    with open(promises, "rb") as file:
        promises = tomllib.load(file)["objective"]
    with open(slo) as file:
        slo = {objective["name"]: objective for objective in json.load(file)["objectives"]}
    with open(report) as file:
        report = json.load(file)
    sections = {section["name"]: section for section in report["objectives"]}
    found, compare = counted(lines), Compare()
    compare.failed = defaultdict(set)
    for line in lines:
        if line["target"] == "voice::calls" and line["outcome"] not in WELL:
            compare.failed[line.get("request_id")].add(line.get("peer"))
    # What an incident opened for is said of the downtime.
    downtimes = sections["turns"]["downtimes"]["longest"]
    told = [cause for downtime in downtimes for cause in downtime["causes"]]
    compare.same("downtimes with a cause", True, any(", incident " in cause for cause in told) or not downtimes)
    compare.same("objectives", sorted(found), sorted(slo))
    compare.same("sections", sorted(found), sorted(sections))
    burned = set()
    for promise in promises:
        name, target = promise["name"], Fraction(promise["target"].rstrip("%")) / 100
        compare.report(name, found[name], target, sections[name])
        if name != "up":
            compare.standing(name, *sums(found[name]), target, slo[name])
        else:
            good, bad, maybe = slices(found[name], seconds(sections[name]["end"]))
            # The one under way is not judged yet.
            there = slo[name]
            compare.same("up good so far", True, good - 1 <= there["good"] <= good + maybe)
            compare.same("up bad so far", True, bad - 1 <= there["total"] - there["good"] <= bad)
            if there["total"]:
                compare.standing(name, there["good"], there["total"], target, there)
        if sections[name]["result"] == "broken":
            burned.add(name)
    compare.same("burned", ["turns", "turns-fast"], sorted(burned))
    compare.same("result", "broken", report["result"])
    for line in compare.differ:
        print(line)
    if compare.differ:
        print("good ones and all:", {name: sums(events) for name, events in found.items()})


main(*sys.argv[1:])
