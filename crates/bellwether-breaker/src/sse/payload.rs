//! The data of one event, and what it says in the dialects that are known.

use super::fault::Fault;
use super::frame::{Frame, Judgement};
use super::json::{Facts, Sieve};
use super::word::Word;

#[derive(Debug, Clone, Default)]
pub(super) struct Payload {
    form: Form,
    lines: u64,
    length: u64,
}

#[derive(Debug, Clone, Default)]
#[allow(clippy::large_enum_variant, reason = "nothing is allocated for an event, of which there are many")]
enum Form {
    #[default]
    Blank,
    Text(Word),
    Json(Sieve),
}

impl Payload {
    /// Lines of data are one text, with line feeds between them.
    pub(super) fn begin_line(&mut self) {
        if self.lines > 0 {
            self.extend(b"\n");
        }
        self.lines += 1;
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let mut rest = bytes;
        if let Form::Blank = self.form {
            rest = bytes.trim_ascii_start();
            self.form = match rest.first() {
                None => return,
                Some(b'{') => Form::Json(Sieve::default()),
                Some(_) => Form::Text(Word::default()),
            };
        }
        match &mut self.form {
            Form::Blank => {}
            Form::Text(text) => text.extend(rest),
            Form::Json(sieve) => sieve.extend(rest),
        }
    }

    /// Whether it can end here.
    pub(super) fn is_whole(&self) -> bool {
        match &self.form {
            Form::Blank => false,
            Form::Text(text) => is_done(text),
            Form::Json(sieve) => sieve.is_whole(),
        }
    }

    /// What a whole object says.
    pub(super) fn facts(&self) -> Option<&Facts> {
        match &self.form {
            Form::Json(sieve) if sieve.is_whole() => Some(sieve.facts()),
            _ => None,
        }
    }

    /// Whether it began as an object does.
    pub(super) fn is_json(&self) -> bool {
        matches!(self.form, Form::Json(_))
    }

    /// What an event of this name says with it; `None` if there is nothing in it.
    pub(super) fn judge(&self, event: &Word) -> Option<Judgement> {
        let event = event.text();
        match &self.form {
            Form::Blank => (event == "ping").then(|| Judgement::known(Frame::KeepAlive)),
            Form::Text(text) if is_done(text) => Some(Judgement::known(Frame::Done)),
            _ if event == "error" => {
                let fault = if let Form::Json(sieve) = &self.form { sieve.facts().fault } else { Fault::Unknown };
                Some(Judgement::known(Frame::Failed(fault)))
            }
            Form::Text(_) => Some(Judgement::unknown(Frame::Content { bytes: self.length })),
            Form::Json(sieve) if sieve.is_whole() => Some(self.judge_json(sieve.facts(), event)),
            // Something came, though nobody can tell what.
            Form::Json(_) => Some(Judgement::unknown(Frame::Work)),
        }
    }

    fn judge_json(&self, facts: &Facts, event: &str) -> Judgement {
        let kind = if facts.kind.is_empty() { event } else { facts.kind.text() };
        if facts.failed || matches!(kind, "error" | "response.failed") {
            return Judgement::known(Frame::Failed(facts.fault.max(Fault::of(kind))));
        }
        let is_content = !kind.contains("reasoning");
        let heard = if kind.ends_with("transcription.completed") { facts.transcript } else { 0 };
        let bytes = facts.text + heard + if is_content { facts.delta } else { 0 };
        let frame = match kind {
            "ping" | "keepalive" => Frame::KeepAlive,
            "message_stop"
            | "response.completed"
            | "response.incomplete"
            | "response.done"
            | "transcript.text.done"
            | "speech.audio.done" => Frame::Done,
            _ if facts.has_choices || is_dialect(kind) => match bytes {
                0 => Frame::Work,
                bytes => Frame::Content { bytes },
            },
            // It may be content, and whoever waits for content must not wait in vain.
            _ => return Judgement::unknown(Frame::Content { bytes: self.length }),
        };
        Judgement { finished: facts.finished, ..Judgement::known(frame) }
    }
}

fn is_dialect(kind: &str) -> bool {
    let families = [
        "message_",
        "content_block_",
        "response.",
        "transcript.",
        "speech.",
        // Of sessions over a WebSocket.
        "session.",
        "transcription_session.",
        "conversation.",
        "input_audio_buffer.",
        "output_audio_buffer.",
        "rate_limits.",
    ];
    families.iter().any(|family| kind.starts_with(family))
}

fn is_done(text: &Word) -> bool {
    text.bytes().trim_ascii_end() == b"[DONE]"
}
