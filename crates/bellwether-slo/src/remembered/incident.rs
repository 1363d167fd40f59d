//! Incidents: what went wrong, from when to when, and whom it hurt; so that a downtime can say what caused it.

use std::collections::BTreeMap;

use bellwether_core::Timestamp;
use bellwether_history::file::{Query, Record, Undecodable};

use super::text::{put, take};
use super::{Past, Remembered, millis, time, unreadable};
use crate::{Error, Indicator, Interval, Slo};

/// Something that went wrong, as whoever looks for roots has named it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is made by whoever knows of it")]
pub struct Incident {
    /// The name of the incident: the same from its opening to its end.
    pub id: String,
    /// Who is to blame; empty if that is not clear.
    pub root: String,
    /// What is wrong with it, as what comes after its name: `fails (timeout)`.
    pub cause: String,
    /// Whom it hurts: routes (`POST /v1/turns`) and dependencies, by name.
    pub hurts: Vec<String>,
    /// When it opened.
    pub opened: Timestamp,
    /// When it was over; `None` while it is open.
    pub closed: Option<Timestamp>,
}

/// Times as eight bytes each, the end as −2⁶³ while there is none; then texts, each after its length.
impl Record for Incident {
    const LOG: &'static str = "cascade.incidents";
    const VERSION: u16 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(millis(self.opened).to_le_bytes());
        out.extend(self.closed.map_or(i64::MIN, millis).to_le_bytes());
        [&self.id, &self.root, &self.cause].into_iter().chain(&self.hurts).for_each(|text| put(out, text));
    }

    fn decode(_: u16, bytes: &[u8]) -> Result<Self, Undecodable> {
        read(bytes).ok_or(Undecodable)
    }
}

fn read(mut bytes: &[u8]) -> Option<Incident> {
    let mut instant = || {
        let (word, rest) = bytes.split_first_chunk()?;
        bytes = rest;
        Some(i64::from_le_bytes(*word))
    };
    let (opened, closed) = (time(instant()?), Some(instant()?).filter(|at| *at > i64::MIN).map(time));
    let [id, root, cause] = [take(&mut bytes)?, take(&mut bytes)?, take(&mut bytes)?];
    let mut hurts = Vec::new();
    while !bytes.is_empty() {
        hurts.push(take(&mut bytes)?);
    }
    Some(Incident { id, root, cause, hurts, opened, closed })
}

impl Remembered {
    /// Notes that an incident has opened, is seen otherwise than before, or is over. Of one incident the last note counts.
    pub fn incident(&self, incident: &Incident, now: Timestamp) {
        // One that hurts more than there is room for is told without them.
        if self.incidents.append(incident, millis(now)).is_err() {
            let _ = self.incidents.append(&Incident { hurts: Vec::new(), ..incident.clone() }, millis(now));
        }
    }
}

impl Past<'_> {
    /// The incidents that were open at some time within an interval, in the order they opened. One whose end nobody saw ended
    /// with its process, as far as is known.
    ///
    /// # Errors
    /// If history cannot be read.
    pub fn incidents(&self, over: Interval) -> Result<Vec<Incident>, Error> {
        let runs = self.runs()?;
        let until = |incident: &Incident| {
            let next = || runs.iter().find(|run| run.at > millis(incident.opened));
            let gone = || next().map(|next| time(next.after).max(incident.opened));
            incident.closed.or_else(gone)
        };
        let is_within =
            |incident: &&Incident| incident.opened < over.end && until(incident).is_none_or(|until| until > over.start);
        let found = self.all_incidents()?.iter().filter(is_within);
        Ok(found.map(|incident| Incident { closed: until(incident), ..incident.clone() }).collect())
    }

    fn all_incidents(&self) -> Result<&[Incident], Error> {
        if self.incidents.get().is_none() {
            let page = self.remembered.incidents.page(&Query::oldest().limit(usize::MAX)).map_err(unreadable)?;
            let last: BTreeMap<(Timestamp, String), Incident> = page
                .entries
                .into_iter()
                .map(|entry| ((entry.record.opened, entry.record.id.clone()), entry.record))
                .collect();
            let _ = self.incidents.set(last.into_values().collect());
        }
        Ok(self.incidents.get().map_or(&[], Vec::as_slice))
    }
}

impl Incident {
    /// Whether it hurts what an objective is of. Of counters and expressions nobody can tell, so it may.
    pub fn may_hurt(&self, slo: &Slo) -> bool {
        let routes = || self.hurts.iter().filter_map(|name| name.split_once(' ')).map(|(_, route)| route);
        match &slo.indicator {
            Indicator::Availability(requests) | Indicator::Latency { requests, .. } => {
                // A gRPC method is known by its path, or by that of its service.
                let is_of = |route: &str| {
                    let path = route.trim_start_matches('/');
                    // The service that all methods are of, if they are known by that.
                    let service =
                        path.split_once('{').map(|(service, _)| service).filter(|service| !service.is_empty());
                    let all_of = |service: &str| requests.routes.iter().any(|own| own.starts_with(service));
                    slo.indicator.is_of_route(route) || slo.indicator.is_of_route(path) || service.is_some_and(all_of)
                };
                requests.routes.is_empty() || routes().any(is_of)
            }
            Indicator::Dependency { name, .. } => self.root == *name || self.hurts.contains(name),
            Indicator::Counters(_) | Indicator::Promql(_) => true,
        }
    }
}

#[cfg(feature = "report")]
impl crate::report::Causes for Past<'_> {
    fn within(&self, slo: &Slo, over: Interval) -> Vec<crate::report::Cause> {
        // What cannot be read is not known.
        let incidents = self.incidents(over).unwrap_or_default().into_iter().filter(|incident| incident.may_hurt(slo));
        incidents
            .map(|Incident { id, root, cause, opened, closed, .. }| {
                let what = if root.is_empty() { "the root is not clear".to_owned() } else { format!("{root} {cause}") };
                crate::report::Cause { what: format!("{what}, incident {id}"), from: Some(opened), until: closed }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
