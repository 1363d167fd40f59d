//! The one file that samples and events outlive the process in.
