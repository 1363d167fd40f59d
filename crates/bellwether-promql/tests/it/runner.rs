//! What the runner says of scripts that are wrong.
