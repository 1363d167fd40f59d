//! Dependencies that are real, and what everybody is told of them while they are stopped, slowed and cut off.

mod grpc;
mod http;
mod postgres;
mod redis;
mod watched;
