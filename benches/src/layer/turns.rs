//! Stacks under load, taking turns with the bare route: what the command line says, and what was measured.
#![allow(clippy::print_stderr, reason = "it says how far it has come")]

use super::served::{Served, serve};
use super::{Collector, Stack, stack, stacks};

/// A stack and its rounds.
#[derive(Debug)]
pub struct Row<T> {
    /// The stack.
    pub stack: Stack,
    /// One for each round.
    pub rounds: Vec<Pair<T>>,
}

/// The bare route and the stack, one right after the other, by turns.
#[derive(Debug)]
pub struct Pair<T> {
    /// The bare route's figures.
    pub bare: T,
    /// The stack's.
    pub own: T,
}

/// Lets stacks take turns, each in a process of its own, started from this program: in such a process this serves, and gives
/// nothing. `measure` is given a server and so many seconds. `usual` are the stacks unless the command line has words of their
/// names; it may have `--rounds N` and `--seconds N`, too.
///
/// # Errors
/// A sentence, if what it takes is not there.
pub fn take_turns<T>(
    usual: &[&str],
    measure: impl Fn(&mut Served, u32) -> T,
) -> Result<Option<Vec<Row<T>>>, &'static str> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, name] = words.as_slice()
        && word == "serve"
    {
        serve(stack(name).ok_or("no stack of this name")?);
        return Ok(None);
    }
    let (mut rounds, mut seconds, mut wanted) = (5_u32, 4_u32, Vec::new());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let number = |word: Option<String>| word.and_then(|word| word.parse().ok());
        match word.as_str() {
            "--rounds" => rounds = number(words.next()).unwrap_or(rounds),
            "--seconds" => seconds = number(words.next()).unwrap_or(seconds),
            _ => wanted.push(word),
        }
    }
    let program = std::env::current_exe().map_err(|_| "the program does not know where it is")?;
    Served::check()?;
    let bare = stack("bare").ok_or("there is no bare stack")?;
    let is_wanted = |stack: &Stack| {
        let named = wanted.iter().any(|word| stack.name.contains(word.as_str()));
        named || (wanted.is_empty() && usual.contains(&stack.name))
    };
    let wanted = stacks().into_iter().filter(is_wanted);
    let mut rows: Vec<Row<T>> = wanted.map(|stack| Row { stack, rounds: Vec::new() }).collect();
    let collector = Collector::start();
    let measure = |stack: Stack| measure(&mut Served::start(&program, stack, collector), seconds);
    for round in 1..=rounds {
        for row in &mut rows {
            eprint!("\rround {round} of {rounds}: {:<60}", row.stack.name);
            let bare_first = (round % 2 == 1).then(|| measure(bare));
            let own = measure(row.stack);
            row.rounds.push(Pair { bare: bare_first.unwrap_or_else(|| measure(bare)), own });
        }
    }
    eprintln!();
    Ok(Some(rows))
}
