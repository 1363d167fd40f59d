//! Reading a script: blocks of lines, and the commands they are.

use regex::Regex;

use super::eval::{Eval, Expect, Expected, When};
use super::load::Load;
use super::series;
use crate::parse::literal;

/// A command's first line and those below it up to an empty one, each with its number.
pub(super) struct Block<'a> {
    pub(super) line: usize,
    pub(super) command: &'a str,
    pub(super) lines: Vec<(usize, &'a str)>,
}

pub(super) enum Command {
    Clear,
    Load(Load),
    Eval(Eval),
}

/// The blocks of a script, without comments. A comment ends a block, too, as an empty line does.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            open = false;
            continue;
        }
        match blocks.last_mut() {
            // `clear` has nothing below it.
            Some(block) if open && block.command != "clear" => block.lines.push((at + 1, line)),
            _ => blocks.push(Block { line: at + 1, command: line, lines: Vec::new() }),
        }
        open = true;
    }
    blocks
}

pub(super) fn command(block: &Block<'_>) -> Result<Command, String> {
    let (word, rest) = split_word(block.command);
    match word {
        "clear" if rest.is_empty() => Ok(Command::Clear),
        "load" | "load_with_nhcb" => {
            let step = duration(rest)?;
            let mut load = Load { step, series: Vec::new(), custom: word == "load_with_nhcb" };
            for (line, text) in &block.lines {
                if split_word(text).0.ends_with("@st") {
                    continue;
                }
                load.series.push(series::series(text).map_err(|what| format!("line {line}: {what}"))?);
            }
            Ok(Command::Load(load))
        }
        _ if word == "eval" || word.starts_with("eval_") => eval(word, rest, block).map(Command::Eval),
        _ => Err(format!("no command {word:?}; there are load, load_with_nhcb, clear and eval")),
    }
}

fn eval(word: &str, rest: &str, block: &Block<'_>) -> Result<Eval, String> {
    let (kind, rest) = split_word(rest);
    let (when, expression) = match kind {
        "instant" => {
            let (at, expression) = after("at", rest)?;
            (When::Instant(duration(at)?), expression)
        }
        "range" => {
            let (from, rest) = after("from", rest)?;
            let (to, rest) = after("to", rest)?;
            let (step, expression) = after("step", rest)?;
            (range(from, to, step)?, expression)
        }
        _ => return Err("`eval` is followed by `instant at TIME` or `range from TIME to TIME step STEP`".to_owned()),
    };
    if expression.is_empty() {
        return Err("no expression".to_owned());
    }
    let mut eval = Eval { expression: expression.to_owned(), when, expect: Expect::default() };
    match word.strip_prefix("eval_") {
        None => {}
        Some("fail") => eval.expect.fail.push(Expected::Any),
        Some("warn") => eval.expect.warn.push(Expected::Any),
        Some("info") => eval.expect.info.push(Expected::Any),
        Some("ordered") => eval.expect.ordered = true,
        Some(_) => return Err(format!("no command {word:?}")),
    }
    for (line, text) in &block.lines {
        expectation(&mut eval, text).map_err(|what| format!("line {line}: {what}"))?;
    }
    let expect = &eval.expect;
    if expect.no_warn && !expect.warn.is_empty() || expect.no_info && !expect.info.is_empty() {
        return Err("expects a note and none at once".to_owned());
    }
    if matches!(eval.when, When::Instant(_)) && expect.series.iter().any(|(_, values)| values.len() > 1) {
        return Err("several values for one instant; `expect range vector from .. to .. step ..` says when".to_owned());
    }
    Ok(eval)
}

/// A line below an evaluation.
fn expectation(eval: &mut Eval, text: &str) -> Result<(), String> {
    let expect = &mut eval.expect;
    if let Some(message) = text.strip_prefix("expected_fail_message") {
        expect.fail = vec![Expected::Message(message.trim().to_owned())];
    } else if let Some(pattern) = text.strip_prefix("expected_fail_regexp") {
        expect.fail = vec![Expected::Pattern(pattern_of(pattern)?)];
    } else if let Some(times) = text.strip_prefix("expect range vector") {
        let (from, rest) = after("from", times.trim())?;
        let (to, rest) = after("to", rest)?;
        let (step, rest) = after("step", rest)?;
        let When::Range { start, end, step } = range(from, to, step)? else { return Err(rest.to_owned()) };
        eval.when = When::RangeVector { start, end, step };
    } else if let Some(literal) = text.strip_prefix("expect string") {
        let literal = literal.trim();
        match (!literal.is_empty()).then(|| literal::string(literal)) {
            Some(Ok((value, length))) if length == literal.len() => expect.string = Some(value),
            _ => return Err("`expect string` is followed by a string in quotes".to_owned()),
        }
    } else if split_word(text).0 == "expect" {
        let (mode, rest) = split_word(split_word(text).1);
        let expected = if rest.is_empty() {
            Expected::Any
        } else if let Some(message) = rest.strip_prefix("msg:") {
            Expected::Message(message.trim().to_owned())
        } else if let Some(pattern) = rest.strip_prefix("regex:") {
            Expected::Pattern(pattern_of(pattern)?)
        } else {
            return Err(format!("`expect {mode}` may be followed by msg: or regex:, not {rest:?}"));
        };
        match mode {
            "fail" => expect.fail.push(expected),
            "warn" => expect.warn.push(expected),
            "info" => expect.info.push(expected),
            "no_warn" => expect.no_warn = true,
            "no_info" => expect.no_info = true,
            "ordered" => expect.ordered = true,
            _ => return Err(format!("cannot expect {mode:?}")),
        }
    } else if let Some(number) = series::whole_number(text) {
        expect.scalar = Some(number);
    } else {
        let (labels, values) = series::series(text)?;
        expect.series.retain(|(known, _)| *known != labels);
        expect.series.push((labels, values));
    }
    Ok(())
}

fn range(from: &str, to: &str, step: &str) -> Result<When, String> {
    let (start, end, step) = (duration(from)?, duration(to)?, duration(step)?);
    if end < start {
        return Err(format!("the end {to} is before the start {from}"));
    }
    Ok(When::Range { start, end, step })
}

fn pattern_of(text: &str) -> Result<Regex, String> {
    Regex::new(text.trim()).map_err(|error| error.to_string())
}

/// A duration in milliseconds.
fn duration(text: &str) -> Result<i64, String> {
    let seconds = if text == "0" { Some(0.0) } else { literal::parse_duration(text) };
    seconds.map(|s| (s * 1000.0).round() as i64).ok_or_else(|| format!("{text:?} is no duration such as 1m or 1h30m"))
}

/// The word after `keyword`, and the rest.
fn after<'a>(keyword: &str, text: &'a str) -> Result<(&'a str, &'a str), String> {
    let (word, rest) = split_word(text);
    if word == keyword { Ok(split_word(rest)) } else { Err(format!("expected `{keyword}`, found {word:?}")) }
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}
