//! The four deadlines of an answer that streams: headers, first content, idle, total.
