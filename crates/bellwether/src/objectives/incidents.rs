//! Incidents as they open, are seen otherwise and are over: noted in history, for reports to say what caused a downtime.

use std::sync::Arc;

use bellwether_core::{Instant, Timestamp};
use bellwether_dependency::cascade::Verdict;
use bellwether_slo::{Incident, Remembered};

/// The incident that is open, as it was noted last.
#[derive(Debug, Clone, Default)]
pub(super) struct Incidents(Option<Incident>);

impl Incidents {
    /// Notes what has changed with a verdict, if there is one.
    pub(super) fn tell(
        &mut self,
        verdict: Option<&Arc<Verdict>>,
        remembered: &Remembered,
        (wall, now): (Timestamp, Instant),
    ) {
        let seen = verdict.and_then(|verdict| incident(verdict, wall, now));
        let goes_on = |open: &Incident| seen.as_ref().is_some_and(|seen| seen.id == open.id);
        if let Some(over) = self.0.take_if(|open| !goes_on(open)) {
            remembered.incident(&Incident { closed: Some(wall), ..over }, wall);
        }
        let Some(mut seen) = seen else { return };
        if let Some(open) = &self.0 {
            seen.opened = open.opened;
            // Whom it has hurt, it has hurt; and a root that is not clear any more was clear once.
            seen.hurts.extend(open.hurts.iter().cloned());
            if seen.root.is_empty() {
                (seen.root, seen.cause) = (open.root.clone(), open.cause.clone());
            }
        }
        seen.hurts.sort();
        seen.hurts.dedup();
        if self.0.as_ref() != Some(&seen) {
            remembered.incident(&seen, wall);
            self.0 = Some(seen);
        }
    }
}

fn incident(verdict: &Verdict, wall: Timestamp, now: Instant) -> Option<Incident> {
    let incident = verdict.incident?;
    let (root, cause) = verdict.root().map(|root| (root.root.to_string(), root.cause.to_string())).unwrap_or_default();
    let routes = verdict.suspects.iter().flat_map(|suspect| &suspect.routes);
    Some(Incident {
        id: incident.id.to_string(),
        root,
        cause,
        hurts: routes.chain(&verdict.ailing).map(ToString::to_string).collect(),
        opened: wall.before(now.since(incident.since)),
        closed: None,
    })
}
