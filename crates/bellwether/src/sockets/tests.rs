//! The kernel's tables, as text.

use std::time::Duration;

use bellwether_core::Instant;
use proptest::prelude::*;

use super::{Known, Listening, is_loopback_only, listening, parse_address};

const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1001 1 0000000000000000 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1002 1 0000000000000000 100 0 0 10 0
   2: 0100007F:0BB8 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 1003 1 0000000000000000 100 0 0 10 0
   3: 0164A8C0:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1004 1 0000000000000000 100 0 0 10 0
";
const TCP6: &str = "\
   0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2001 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2002 1 0000000000000000 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2003 1 0000000000000000 100 0 0 10 0
";

#[cfg(target_endian = "little")]
#[test]
fn reads_the_kernels_tables() {
    let all: Vec<Listening> = TCP.lines().chain(TCP6.lines()).filter_map(listening).collect();
    let seen: Vec<String> = all.iter().map(|socket| format!("{} {}", socket.inode, socket.address)).collect();
    assert_eq!(
        seen,
        ["1001 127.0.0.1", "1002 0.0.0.0", "1004 192.168.100.1", "2001 ::1", "2002 ::", "2003 ::ffff:127.0.0.1"]
    );
    let check = |own: &[u64], expect| assert_eq!(is_loopback_only(&all, own), expect, "{own:?}");
    check(&[1001], true);
    check(&[1001, 2001, 2003], true);
    check(&[1001, 1002], false);
    check(&[1001, 2002], false);
    check(&[1004], false);
    // Connections are not listening, sockets of others are not ours, and nothing at all proves nothing.
    check(&[1003], false);
    check(&[], false);
    check(&[1001, 1003, 77], true);
}

#[test]
fn malformed_lines_are_no_sockets() {
    for line in
        ["", "0:", "0: zz:1 x 0A", "0: 0100007F:0BB8 00000000:0000 0A 0 0 0 0 0", "0: ä100007F:0 0:0 0A 0 0 0 0 0 7"]
    {
        assert_eq!(listening(line), None, "{line}");
    }
}

proptest! {
    #[test]
    fn any_line_is_read_or_passed_over(line: String, hex in "[0-9A-Fa-fx:ä]{0,40}") {
        let _ = (listening(&line), listening(&format!("0: {hex} {hex} 0A 0 0 0 0 0 7")), parse_address(&hex));
    }
}

#[test]
fn a_no_that_was_dear_is_good_for_longer() {
    let check = |loopback_only, took, fresh| {
        let [took, fresh] = [took, fresh].map(Duration::from_millis);
        assert_eq!(Known { at: Instant::default(), took, loopback_only }.fresh(), fresh);
    };
    check(true, 1, 1000);
    check(true, 500, 1000);
    check(false, 1, 1000);
    check(false, 500, 50_000);
}
