//! Breakers around services: an HTTP answer is judged at the end of its body, any other by its result.

mod answer;
mod body;
mod call;
mod error;
mod evidence;
mod fallback;
mod future;
mod grpc;
mod held;
mod keyed;
mod layer;
#[cfg(feature = "reqwest")]
mod reqwest;
mod result;
mod rules;
mod service;
mod timer;

pub use answer::Answer;
pub use body::GuardedBody;
pub use error::GuardError;
pub use evidence::Evidence;
pub use fallback::{Fallback, FallbackFuture, FallbackLayer};
pub use future::GuardFuture;
pub use keyed::{Keyed, KeyedGuard, KeyedGuardFuture};
pub use layer::GuardLayer;
pub use result::{ByResult, CallGuard, CallGuardFuture, CallGuardLayer, Judge};
pub use service::Guard;
