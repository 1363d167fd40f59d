//! What a gRPC answer says of when to come back: `grpc-retry-pushback-ms`, or a `RetryInfo` among the details of its status.

use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;

/// Details longer than this are not read: gRPC itself stops at 8 KiB of headers.
const MAX_DETAILS: usize = 16 * 1024;

/// With padding or without: gRPC's senders do either.
const BASE64: GeneralPurpose = {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&STANDARD, config)
};

const RETRY_INFO: &[u8] = b"type.googleapis.com/google.rpc.RetryInfo";

/// For how long not to come back. A pushback that is negative asks not to come back at all, which is no time.
///
/// Sources: <https://github.com/grpc/proposal/blob/master/A6-client-retries.md>,
/// <https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto>
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let pushback = headers.get("grpc-retry-pushback-ms").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    pushback.map(Duration::from_millis).or_else(|| {
        let details = headers.get("grpc-status-details-bin").filter(|details| details.len() <= MAX_DETAILS)?;
        let details = BASE64.decode(details).ok()?;
        // google.rpc.Status.details, each a google.protobuf.Any.
        Fields(&details).filter_map(|(number, value)| (number == 3).then_some(value.bytes()?)).find_map(retry_info)
    })
}

/// The delay of a `RetryInfo` in an `Any`, if it is one.
fn retry_info(any: &[u8]) -> Option<Duration> {
    let field = |message, wanted| Fields(message).find_map(move |(number, value)| (number == wanted).then_some(value));
    if field(any, 1)?.bytes()? != RETRY_INFO {
        return None;
    }
    let delay = field(field(any, 2)?.bytes()?, 1)?.bytes()?;
    let part = |number| match field(delay, number) {
        Some(Value::Number(part)) => part,
        _ => 0,
    };
    // A negative delay is a large number here.
    let seconds = u64::try_from(part(1).cast_signed()).ok()?;
    let nanos = u32::try_from(part(2)).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(seconds, nanos))
}

/// The fields of a protobuf message, until one that makes no sense.
struct Fields<'a>(&'a [u8]);

#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Number(_) => None,
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Bytes(self.take(8)?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Bytes(self.take(4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..10 {
            let byte = *self.take(1)?.first()?;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
// Said in full, since the fuzz target has this file without its folder.
#[path = "grpc/tests.rs"]
mod tests;
