//! The day of trouble: what goes wrong, from when to when, and the words to tell it.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::{
    providers::llm::Key,
    release::{Deployment, Release},
    upstream::{Fault, Upstream, Upstreams},
};

/// The demo starts when people get up, so that the first trouble is not far.
const OPENS: Duration = Duration::from_secs(7 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// One row of the day.
#[derive(Debug)]
pub struct Scene {
    from: (u64, u64),
    until: (u64, u64),
    trouble: Trouble,
    says: &'static str,
    over: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Trouble {
    Stt(Fault),
    Llm(Fault),
    Tts(Fault),
    Deploy(Release),
}

/// Every day is like this; no two scenes overlap.
const SCENES: [Scene; 9] = [
    Scene {
        from: (8, 0),
        until: (9, 15),
        trouble: Trouble::Llm(Fault::Slow(5.0)),
        says: "the language model takes five times as long",
        over: "the language model is fast again",
    },
    Scene {
        from: (10, 0),
        until: (11, 0),
        trouble: Trouble::Deploy(Release::WrongPrices),
        says: "release 1.5.0 is deployed; it panics for one plan and fails for another",
        over: "release 1.4.2 is back",
    },
    Scene {
        from: (11, 15),
        until: (12, 15),
        trouble: Trouble::Stt(Fault::Slow(8.0)),
        says: "speech to text takes eight times as long, and every turn waits for it",
        over: "speech to text is fast again",
    },
    Scene {
        from: (12, 30),
        until: (14, 0),
        trouble: Trouble::Llm(Fault::QuotaOf(Key::Batch.as_str(), 1)),
        says: "the language model lets only 1 request a second through by the key that trial customers share",
        over: "the language model's quota is back",
    },
    Scene {
        from: (15, 0),
        until: (16, 0),
        trouble: Trouble::Deploy(Release::SlowRank),
        says: "release 1.6.0 is deployed; it looks every customer up with a slow query",
        over: "release 1.4.2 is back",
    },
    Scene {
        from: (17, 0),
        until: (18, 0),
        trouble: Trouble::Tts(Fault::Down),
        says: "text to speech is dead",
        over: "text to speech is alive again",
    },
    Scene {
        from: (19, 0),
        until: (20, 0),
        trouble: Trouble::Stt(Fault::Errors(0.3)),
        says: "speech to text fails three times in ten",
        over: "speech to text is well again",
    },
    Scene {
        from: (21, 0),
        until: (22, 0),
        trouble: Trouble::Llm(Fault::Cut(0.4)),
        says: "the language model stops in the middle of four answers in ten",
        over: "the language model finishes its answers again",
    },
    Scene {
        from: (22, 30),
        until: (23, 30),
        trouble: Trouble::Deploy(Release::Forgetful),
        says: "release 1.7.0 is deployed; it does not give connections of the database back",
        over: "release 1.4.2 is back",
    },
];

/// A moment at which something changes.
#[derive(Debug)]
pub struct Cue {
    /// Since the demo started.
    pub at: Duration,
    scene: &'static Scene,
    begins: bool,
}

/// All cues in order, day after day, for days of this length.
pub fn cues(day: Duration) -> impl Iterator<Item = Cue> {
    (0..).flat_map(move |days| {
        SCENES.iter().flat_map(move |scene| {
            let cue = move |(hour, minute): (u64, u64), begins| Cue {
                at: real(day, DAY * days + Duration::from_secs((hour * 60 + minute) * 60) - OPENS),
                scene,
                begins,
            };
            [cue(scene.from, true), cue(scene.until, false)]
        })
    })
}

/// The time of the demo's day after so much real time.
pub fn time_of_day(day: Duration, elapsed: Duration) -> Duration {
    let share = (elapsed.as_secs_f64() / day.as_secs_f64() + OPENS.div_duration_f64(DAY)).fract();
    DAY.mul_f64(share)
}

fn real(day: Duration, demo: Duration) -> Duration {
    day.mul_f64(demo.div_duration_f64(DAY))
}

impl Cue {
    /// As it is told: `08:00  the language model takes five times as long (for 16 s)`.
    pub fn line(&self, day: Duration) -> String {
        let Scene { from, until, says, over, .. } = self.scene;
        let minutes = |(hour, minute)| hour * 60 + minute;
        let lasts = real(day, Duration::from_secs((minutes(*until) - minutes(*from)) * 60));
        match self.begins {
            true => format!("{:02}:{:02}  {says} (for {:.0} s)", from.0, from.1, lasts.as_secs_f64()),
            false => format!("{:02}:{:02}  {over}", until.0, until.1),
        }
    }
}

/// What the day of trouble acts on.
#[derive(Clone, Debug)]
pub struct Stage {
    deployment: Deployment,
    /// `[stt, llm, tts]`; none if the real providers are used.
    upstreams: Option<[Upstream; 3]>,
}

impl Stage {
    /// A stage with loopback upstreams, or without.
    pub fn new(deployment: Deployment, upstreams: Option<&Upstreams>) -> Self {
        let upstreams = upstreams.map(|up| [up.stt.clone(), up.llm.clone(), up.tts.clone()]);
        Self { deployment, upstreams }
    }

    /// Plays one day after another and tells each cue that could be played.
    pub async fn play(self, day: Duration, tell: impl Fn(String)) {
        let start = Instant::now();
        for cue in cues(day) {
            sleep_until(start + cue.at).await;
            if self.act(&cue) {
                tell(cue.line(day));
            }
        }
    }

    /// Plays one cue; false if there is nobody to play it.
    pub fn act(&self, cue: &Cue) -> bool {
        let (upstream, fault) = match cue.scene.trouble {
            Trouble::Deploy(release) => {
                self.deployment.deploy(if cue.begins { release } else { Release::Good });
                return true;
            }
            Trouble::Stt(fault) => (0, fault),
            Trouble::Llm(fault) => (1, fault),
            Trouble::Tts(fault) => (2, fault),
        };
        let Some(upstreams) = &self.upstreams else { return false };
        upstreams[upstream].set(if cue.begins { fault } else { Fault::None });
        true
    }
}
