//! The command line says what it does not understand.

use voice::args::Args;

fn check(line: &str, expect: Result<Option<Args>, &str>) {
    let got = Args::parse(line.split_whitespace()).map_err(|error| error.to_string());
    assert_eq!(got, expect.map_err(String::from), "{line}");
}

#[test]
fn flags() {
    let args = Args::default();
    check("", Ok(Some(args.clone())));
    check("--port 0 --quiet", Ok(Some(Args { port: 0, quiet: true, ..args.clone() })));
    let files = Args { config: Some("a.toml".into()), history: Some("b".into()), ..args.clone() };
    check("--config a.toml --history b", Ok(Some(files)));
    check("--days 2", Ok(Some(Args { days: Some(2), ..args.clone() })));
    check("--no-traffic --seed 7", Ok(Some(Args { traffic: false, seed: 7, ..args })));
    check("--help", Ok(None));
    check("--loud", Err("invalid option '--loud'"));
    check("now", Err("unexpected argument \"now\""));
    check("--port", Err("missing argument for option '--port'"));
    check("--port high", Err("cannot parse argument \"high\": invalid digit found in string"));
    check("--day 3", Err("cannot parse argument \"3\": a day lasts 10 to 86400 seconds"));
}
