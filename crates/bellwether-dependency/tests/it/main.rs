//! The one test binary of bellwether-dependency.

mod calls;
mod cascade;
mod clients;
mod faults;
mod genai;
mod health;
mod probes;
mod registering;
mod time;
