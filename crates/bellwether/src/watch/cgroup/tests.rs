//! Texts of `cpu.stat`, as the kernel writes them and as it never would, in directories as there are.

use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::{MAX_BYTES, Throttling, cpu_stat};

const V2: &str = "usage_usec 5219053\nuser_usec 4000000\nsystem_usec 1219053\ncore_sched.force_idle_usec 0\n\
    nr_periods 200\nnr_throttled 50\nthrottled_usec 2500000\nnr_bursts 0\nburst_usec 0\n";
const V1: &str = "nr_periods 200\nnr_throttled 50\nthrottled_time 2500000000\n";
const EXPECT: Throttling = Throttling { periods: 200, throttled: 50, time: Duration::from_millis(2500) };

#[test]
fn texts() {
    let check = |text: &str, expect| assert_eq!(Throttling::parse(text), expect, "{text:?}");
    check(V2, Some(EXPECT));
    check(V1, Some(EXPECT));
    // Of the root, and of a group without a controller.
    check("usage_usec 5219053\nuser_usec 4000000\nsystem_usec 1219053\n", None);
    check("", None);
    check(&V2.replace("200", "-200"), None);
    check(&V2.replace("200", "18446744073709551616"), None);
    check(&V2.replace("nr_throttled 50", "nr_throttled"), None);
    check(&V2.replace("throttled_usec", "throttled"), None);
    check(&V2.replace('\n', "\0"), None);
    let most = Duration::from_micros(u64::MAX);
    check(&V2.replace("2500000", "18446744073709551615"), Some(Throttling { time: most, ..EXPECT }));
}

#[test]
fn shares() {
    let check = |(periods, throttled, millis): (u64, u64, u64), used: f64, expect: f64| {
        let before = Throttling { periods: 10, throttled: 10, time: Duration::from_secs(1) };
        let now = Throttling {
            periods: 10 + periods,
            throttled: 10 + throttled,
            time: Duration::from_secs(1) + Duration::from_millis(millis),
        };
        let share = now.share_since(&before, Duration::from_secs_f64(used), Duration::from_secs(5));
        assert!((share - expect).abs() < 1e-9, "{share} is not {expect}");
    };
    check((50, 0, 0), 1.0, 0.0);
    // One CPU's worth of work with half a CPU.
    check((50, 50, 2500), 2.5, 0.5);
    // Eight threads that all want to run, with four CPUs.
    check((50, 50, 20_000), 20.0, 0.5);
    // A burst of all of them in one period of fifty is not more than that.
    check((50, 1, 400), 0.4, 0.02);
    check((0, 0, 0), 0.0, 0.0);
    // Nonsense, and a group that was made anew.
    check((1, 5, 1_000_000), 0.0, 1.0);
    let share = EXPECT.share_since(&Throttling { time: Duration::MAX, ..EXPECT }, Duration::ZERO, Duration::ZERO);
    assert_eq!(share, 0.0);
}

#[test]
fn the_own_group_is_found() {
    let check = |files: &[(&str, &str)], groups: &str, expect: Option<&str>| {
        let dir = tempfile::tempdir().unwrap();
        let mount = dir.path().join("mount");
        fs::create_dir(&mount).unwrap();
        for (path, text) in files {
            let file = mount.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        fs::write(dir.path().join("cgroup"), groups).unwrap();
        let found = cpu_stat(&dir.path().join("cgroup"), &mount);
        assert_eq!(found, expect.map(|file| mount.join(file)), "{groups}");
    };
    let service = "0::/system.slice/shop.service\n";
    check(&[("system.slice/shop.service/cpu.stat", V2)], service, Some("system.slice/shop.service/cpu.stat"));
    // In a container with groups of its own, and in one without.
    check(&[("cpu.stat", V2)], "0::/\n", Some("cpu.stat"));
    check(&[("cpu.stat", V2)], "0::/docker/0a1b\n", Some("cpu.stat"));
    check(&[("cpu.stat", V2)], "0::/../../elsewhere\n", Some("cpu.stat"));
    // Version 1, and the two side by side.
    let v1 = "4:memory:/a\n3:cpu,cpuacct:/docker/0a1b\n0::/\n";
    check(&[("cpu,cpuacct/docker/0a1b/cpu.stat", V1)], v1, Some("cpu,cpuacct/docker/0a1b/cpu.stat"));
    check(&[("cpu/cpu.stat", V1), ("cpu.stat", "usage_usec 1\n")], "1:cpu:/\n0::/\n", Some("cpu/cpu.stat"));
    // Unknown is not 0.
    check(&[], service, None);
    check(&[("cpu.stat", "usage_usec 1\n")], service, None);
    check(&[("cpu.stat", V2)], "", None);
    check(&[("cpu.stat", V2)], "4:memory:/a\nnonsense\n", None);
    check(&[("cpu.stat/a", V2)], service, None);
    check(&[("cpu.stat", &format!("{}{V2}", "x".repeat(MAX_BYTES as usize)))], service, None);
    assert_eq!(cpu_stat(Path::new("/nowhere"), Path::new("/nowhere")), None);
}

proptest! {
    #[test]
    fn anything(text: String, lines in "((nr_periods|nr_throttled|throttled_usec|throttled_time) [0-9]{0,21}\n?){0,5}") {
        for text in [&text, &lines] {
            let now = Throttling::parse(text).unwrap_or_default();
            let share = now.share_since(&Throttling::default(), Duration::ZERO, Duration::from_secs(5));
            prop_assert!((0.0..=1.0).contains(&share));
        }
        let _ = super::group(&text);
    }
}
