//! The one test binary of bellwether-dependency.

mod calls;
mod cascade;
mod clients;
mod faults;
mod genai;
mod grpc;
mod health;
mod probes;
mod ready_made;
mod registering;
mod time;
mod traffic;
