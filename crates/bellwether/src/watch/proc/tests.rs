//! Texts of `/proc`, as the kernel writes them and as it never would.

use std::time::Duration;

use proptest::prelude::*;

use super::{Memory, Stat, parse_uptime};

const STAT: &str = "4711 (voice (x) 1) S 1 4711 4711 0 -1 4194560 1520 0 3 0 250 75 0 0 20 0 9 0 123456 1234567168 2048 \
    18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

#[test]
fn stat() {
    let expect = Stat {
        user: Duration::from_millis(2500),
        system: Duration::from_millis(750),
        threads: 9,
        started: Duration::from_millis(1_234_560),
    };
    assert_eq!(Stat::parse(STAT), Some(expect));
    assert_eq!(expect.cpu(), Duration::from_millis(3250));
}

#[test]
fn status() {
    let check = |text, resident, virtual_size| assert_eq!(Memory::parse(text), Memory { resident, virtual_size });
    check("Name:\tvoice\nVmPeak:\t  99 kB\nVmSize:\t  200 kB\nVmRSS:\t   16 kB\n", Some(16_384), Some(204_800));
    check("VmRSS:\t   16 kB\n", Some(16_384), None);
    check("VmRSS:\t   16 MB\nVmSize: many kB\n", None, None);
    check("VmRSS:\t 18446744073709551615 kB\nVmSize:\t-1 kB", None, None);
    check("", None, None);
}

#[test]
fn up() {
    assert_eq!(parse_uptime("350735.47 234388.90\n"), Some(Duration::from_millis(350_735_470)));
    for text in ["", "soon", "-1 0", "NaN 0", "inf", "1e300"] {
        assert_eq!(parse_uptime(text), None, "{text}");
    }
}

#[test]
fn malformed() {
    let fields: Vec<&str> = STAT.split(' ').collect();
    for end in 0..fields.len() {
        // A text that is cut short is not half believed.
        let cut = fields[..end].join(" ");
        assert!(end > 23 || Stat::parse(&cut).is_none(), "{cut}");
    }
    assert_eq!(Stat::parse(&STAT.replace("250", "18446744073709551615")), None);
    assert_eq!(Stat::parse(&STAT.replace("250", "-250")), None);
    assert_eq!(Stat::parse(&STAT.replace(')', "]")), None);
}

proptest! {
    #[test]
    fn anything(text: String, tail in "\\)( [0-9-]{0,20}){0,30}") {
        let _ = (Stat::parse(&text), Stat::parse(&tail), Memory::parse(&text), parse_uptime(&text));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn this_process() {
    let stat = Stat::of_process().unwrap();
    assert!(stat.threads >= 1 && stat.started <= super::uptime().unwrap());
    assert!(Memory::of_process().unwrap().resident.unwrap() > 100_000);
    assert!(super::open_files().unwrap() >= 3);
    let named = std::thread::Builder::new().name("bellwether-test".to_owned());
    let seen = named.spawn(|| super::threads("bellwether-t")).unwrap().join().unwrap();
    let [(id, name)] = <[_; 1]>::try_from(seen).unwrap();
    assert_eq!(name, "bellwether-test");
    let _ = Stat::of_thread(id);
}
