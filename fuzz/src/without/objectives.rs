//! Settings without objectives, whose tables are a target of their own.

use crate::error::Error;

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ObjectivesPlan;

impl ObjectivesPlan {
    pub(crate) fn is_key(key: &str) -> bool {
        ["maintenance", "objective", "objectives"].contains(&key)
    }

    pub(crate) fn read(_: &str, _: &str, _: &[&str]) -> Result<Self, Error> {
        Ok(Self)
    }
}
