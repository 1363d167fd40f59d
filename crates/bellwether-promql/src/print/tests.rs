//! What is printed, beside what Prometheus prints; and that it reads back as the same.

use proptest::prelude::*;

use super::pretty;
use crate::Expression;
use crate::parse::parse;

/// On one line.
fn check(expression: &str, expect: &str) {
    let printed = expression.parse::<Expression>().map_or_else(|error| error.to_string(), |e| e.to_string());
    assert_eq!(printed, expect, "{expression}");
    reads_back(expression);
}

/// What is printed reads back as what was printed, however it is broken.
fn reads_back(expression: &str) {
    let expr = parse(expression, 100).unwrap();
    let (line, broken) = (super::OneLine(&expr).to_string(), pretty(&expr));
    assert_eq!(tree(&broken), tree(&line), "{broken}");
    assert_eq!(super::OneLine(&parse(&line, 100).unwrap()).to_string(), line);
    assert_eq!(pretty(&parse(&broken, 100).unwrap()), broken);
}

/// A tree without the places where its parts stand.
fn tree(text: &str) -> String {
    strip(&format!("{:?}", parse(text, 100).map_err(|error| panic!("{text}: {error}")).unwrap()))
}

fn strip(tree: &str) -> String {
    let mut parts = tree.split("span: Span { ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('}').map_or(part, |(_, rest)| rest))
}

#[test]
fn one_line_is_in_prometheus_style() {
    check("sum by() (task:errors:rate10s{job=\"s\"})", "sum(task:errors:rate10s{job=\"s\"})");
    check("sum(x)by(job,code)", "sum by (job, code) (x)");
    check("sum without(instance) (x)", "sum without (instance) (x)");
    check("sum without() (x)", "sum without () (x)");
    check("sum by(\"foo.bar\") (x)", "sum by (\"foo.bar\") (x)");
    check("topk(5, x)", "topk(5, x)");
    check("count_values(\"value\", x)", "count_values(\"value\", x)");
    check("a - on() c", "a - on () c");
    check("a - on(b)group_left(x) c", "a - on (b) group_left (x) c");
    check("a - ignoring(b) group_right c", "a - ignoring (b) group_right () c");
    check("a - ignoring() c", "a - c");
    check("a * ignoring() group_left b", "a * ignoring () group_left () b");
    check("up > bool 0", "up > bool 0");
    check("a + fill(0) b", "a + fill (0) b");
    check("a + on(x) fill_left(-1) fill_right(23) b", "a + on (x) fill_left (-1) fill_right (23) b");
    check("a[1m:15s]@  1.5 offset  90", "a[1m:15s] @ 1.500 offset 1m30s");
    check("a offset 1m @ end()", "a @ end() offset 1m");
    check("a offset 0s", "a");
    check("a[5m] offset -1h @ start()", "a[5m] @ start() offset -1h");
    check("a[86400]", "a[1d]");
    check("a[0.0015]", "a[1ms]");
    check("a[0.0001]", "a[0.0001]");
    check("a[1y2w]", "a[379d]");
    check("a[1d2h3m4s5ms]", "a[1d2h3m4s5ms]");
    check("a[5m:]", "a[5m:]");
    check("rate(a[5m] anchored)", "rate(a[5m] anchored)");
    check("a smoothed offset 1m", "a smoothed offset 1m");
    check("-a", "-a");
    check("+a", "+a");
    check("-(1 + 2) ^ 3", "-(1 + 2) ^ 3");
    check("1h30m + 5", "1h30m + 5");
    check("-5ms", "-5ms");
    check("+Inf > bool -nan", "+Inf > bool NaN");
    check("1e-9 * 1e21", "0.000000001 * 1000000000000000000000");
    check("{__name__=\"up\"}", "{__name__=\"up\"}");
    check("{\"http.requests\", job='a'}", "{__name__=\"http.requests\",job=\"a\"}");
    check("up{zone!='a',\"service.name\"=~'b',job!~\"c\"}", "up{\"service.name\"=~\"b\",job!~\"c\",zone!=\"a\"}");
    check("up{}", "up");
    check("info(up, {__name__=~\".*\"})", "info(up, {__name__=~\".*\"})");
    check("x{a='\\n\"\\x01\\u00e9\u{301}\u{200b}😀\\U000e0001'}", r#"x{a="\n\"\x01é́\u200b😀\U000e0001"}"#);
    check("a[step() * 2 + 1m]", "a[step() * 2 + 1m]");
    check("a[max(step(), ((5m + 1s)))]", "a[max_of(step(), (5m + 1s))]");
    check("a offset (step() ^ 2)", "a offset (step() ^ 2)");
    check("a offset -step()", "a offset -step()");
    check("a[-(-range())]", "a[-(-range())]");
}

#[test]
fn what_is_longer_than_a_line_is_broken() {
    let check = |expression: &str, expect: &str| {
        let expression: Expression = expression.parse().unwrap();
        assert_eq!(expression.pretty(), expect.trim_matches('\n'));
        reads_back(&expression.to_string());
    };
    check("sum(up) by (job)", "sum by (job) (up)");
    check(
        "histogram_quantile(0.9, sum by (le, route) (rate(http_request_duration_seconds_bucket{job='api', code!~'5..'}[5m])))",
        r#"
histogram_quantile(
  0.9,
  sum by (le, route) (rate(http_request_duration_seconds_bucket{code!~"5..",job="api"}[5m]))
)"#,
    );
    check(
        "sum by (route) (rate(http_request_errors_total{job='api', environment='production'}[5m])) / on (route) group_left () sum by (route) (rate(http_requests_total{job='api', environment='production'}[5m])) > bool 0.01",
        r#"
    sum by (route) (rate(http_request_errors_total{environment="production",job="api"}[5m]))
  / on (route) group_left ()
    sum by (route) (rate(http_requests_total{environment="production",job="api"}[5m]))
> bool
  0.01"#,
    );
    check(
        "-(max_over_time((sum(some_metric_that_has_a_rather_long_name) + sum(another_metric_with_quite_a_long_name_of_its_own))[1h:1m]))",
        r#"
-(
  max_over_time(
    (
      sum(some_metric_that_has_a_rather_long_name) + sum(another_metric_with_quite_a_long_name_of_its_own)
    )[1h:1m]
  )
)"#,
    );
    // A selector is not broken, nor is a subquery indented that fits.
    let long = "a_metric_with_a_name_that_alone_fills_a_line_of_one_hundred_characters_so_that_all_around_it_is_broken";
    check(
        &format!("topk(3, max_over_time(rate(x[5m])[1h:1m]) or {long})"),
        &format!("topk(\n  3,\n    max_over_time(rate(x[5m])[1h:1m])\n  or\n    {long}\n)"),
    );
    check(
        &format!(
            "quantile_over_time(0.5, rate(x[5m])[1h:1m]) or label_replace({long}, \"a\", \"$1\", \"b\", \"(.*)\")"
        ),
        &format!(
            "  quantile_over_time(0.5, rate(x[5m])[1h:1m])\nor\n  label_replace(\n    {long},\n    \"a\",\n    \"$1\",\n    \"b\",\n    \"(.*)\"\n  )"
        ),
    );
}

/// Expressions that are printed as the same tree: matchers are in order, no length is a bare number.
fn expressions() -> impl Strategy<Value = String> {
    let text = prop_oneof![Just("api".to_owned()), "[ -~é\u{301}\u{200b}]{0,6}".prop_map(|text| text)];
    let matcher = (prop_oneof!["[a-z_]{1,8}", "[a-z.]{1,8}"], prop_oneof![Just("="), Just("!=")], text);
    let matcher = matcher.prop_map(|(name, op, value)| format!("{{{name:?}{op}{}}}", super::Quoted(&value)));
    let name = prop_oneof![Just("some_metric".to_owned()), Just("{\"some.metric\"}".to_owned())];
    let selector = prop_oneof![name, matcher.prop_map(|matcher| format!("some_metric{matcher}"))].boxed();
    let leaf = prop_oneof![
        (selector.clone(), shift()).prop_map(|(selector, shift)| selector + &shift),
        (selector, length(), shift()).prop_map(|(selector, range, shift)| format!("rate({selector}[{range}]{shift})")),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let grouping = prop_oneof![Just(""), Just(" by (a, \"b.c\")"), Just(" without ()"), Just(" by ()")];
        let matching = prop_oneof![
            Just(""),
            Just("on (a) "),
            Just("ignoring (a) group_left (b) "),
            Just("on () group_right "),
            Just("fill (1e-7) "),
            Just("on (a) fill_left (1) fill_right (-2) "),
        ];
        let op = prop_oneof![Just("+"), Just("^"), Just("*"), Just("<="), Just("== bool"), Just("atan2"), Just("</")];
        prop_oneof![
            (grouping, inner.clone()).prop_map(|(grouping, inner)| format!("sum{grouping} ({inner})")),
            inner.clone().prop_map(|inner| format!("topk by (x) (2 * 30m, {inner})")),
            inner.clone().prop_map(|inner| format!("label_join({inner}, \"a\", \",\", \"b\")")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            inner.clone().prop_map(|inner| format!("-{inner}")),
            inner.clone().prop_map(|inner| format!("+{inner}")),
            (inner.clone(), length(), length(), shift())
                .prop_map(|(inner, range, step, shift)| format!("max_over_time(({inner})[{range}:{step}]{shift})")),
            (inner.clone(), op, matching, inner.clone())
                .prop_map(|(left, op, matching, right)| format!("{left} {op} {matching}{right}")),
            (inner.clone(), prop_oneof![Just("and"), Just("or on (a)"), Just("unless ignoring (b)")], inner)
                .prop_map(|(left, op, right)| format!("{left} {op} {right}")),
        ]
    })
}

fn length() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (1_u64..100_000_000).prop_map(|ms| format!("{ms}ms")),
        (1_u32..1000).prop_map(|s| format!("(step() * {s})")),
        Just("step()".to_owned()),
        Just("range()".to_owned()),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let op = prop_oneof![Just("+"), Just("-"), Just("*"), Just("^"), Just("%")];
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(left, op, right)| format!("{left} {op} {right}")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("min_of({left}, {right})")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            inner.prop_map(|inner| format!("-({inner})")),
        ]
    })
}

fn shift() -> impl Strategy<Value = String> {
    let at = prop_oneof![
        Just(String::new()),
        Just(" @ start()".to_owned()),
        (-1_000_000_i64..2_000_000_000).prop_map(|s| format!(" @ {}", s as f64 / 8.0)),
    ];
    let offset = prop_oneof![
        Just(String::new()),
        (-100_000_i64..-1).prop_map(|s| format!(" offset {s}ms")),
        length().prop_map(|length| format!(" offset ({length})")),
    ];
    (at, offset).prop_map(|(at, offset)| at + &offset)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    /// parse(print(tree)) is the tree, on one line and on many.
    #[test]
    fn what_is_printed_reads_back(text in expressions()) {
        // Some are wrong in ways that do not matter here.
        if let Ok(expression) = text.parse::<Expression>() {
            prop_assert_eq!(tree(&expression.to_string()), tree(&text));
            reads_back(&text);
        }
    }
}

/// The fields of a tree's top, as short as JSON.
fn told(expression: &str) -> String {
    fn write(tree: &super::Tree) -> String {
        use super::Tree::{Bool, Fields, List, Nothing, Number, Text, Whole};
        let join = |all: Vec<String>| all.join(",");
        match tree {
            Nothing => "-".to_owned(),
            Bool(is) => is.to_string(),
            Whole(number) => number.to_string(),
            Number(number) => format!("{number:?}"),
            Text(text) => format!("{text:?}"),
            List(all) => format!("[{}]", join(all.iter().map(write).collect())),
            Fields(all) => {
                assert!(all.is_sorted_by_key(|(name, _)| *name));
                format!("{{{}}}", join(all.iter().map(|(name, piece)| format!("{name}:{}", write(piece))).collect()))
            }
        }
    }
    write(&expression.parse::<Expression>().unwrap().tree())
}

#[test]
fn trees_are_those_of_prometheus() {
    let check = |expression: &str, expect: &str| assert_eq!(told(expression), expect, "{expression}");
    check("-1e3", r#"{type:"numberLiteral",val:"-1000"}"#);
    check("NaN", r#"{type:"numberLiteral",val:"NaN"}"#);
    check("5m", r#"{type:"numberLiteral",val:"300"}"#);
    check("'a'", r#"{type:"stringLiteral",val:"a"}"#);
    let up = r#"{anchored:false,matchers:[{name:"__name__",type:"=",value:"up"}],name:"up",offset:0,offsetExpr:-,smoothed:false,startOrEnd:-,timestamp:-,type:"vectorSelector"}"#;
    check("up", up);
    check("(-up)", &format!(r#"{{expr:{{expr:{up},op:"-",type:"unaryExpr"}},type:"parenExpr"}}"#));
    check(
        r#"{a!="b",c=~"d|e",f!~""}[5m] @ 1.5 offset -1w"#,
        r#"{anchored:false,matchers:[{name:"a",type:"!=",value:"b"},{name:"c",type:"=~",value:"d|e"},{name:"f",type:"!~",value:""}],name:"",offset:-604800000,offsetExpr:-,range:300000,rangeExpr:-,smoothed:false,startOrEnd:-,timestamp:1500,type:"matrixSelector"}"#,
    );
    check(
        "up[1h:] @ end()",
        &format!(
            r#"{{expr:{up},offset:0,offsetExpr:-,range:3600000,rangeExpr:-,startOrEnd:"end",step:0,stepExpr:-,timestamp:-,type:"subquery"}}"#
        ),
    );
    check(
        "sum by (a) (up)",
        &format!(r#"{{expr:{up},grouping:["a"],op:"sum",param:-,type:"aggregation",without:false}}"#),
    );
    check(
        "topk without () (1, up)",
        &format!(
            r#"{{expr:{up},grouping:[],op:"topk",param:{{type:"numberLiteral",val:"1"}},type:"aggregation",without:true}}"#
        ),
    );
    let matching = |card: &str, labels: &str, on: bool, include: &str, fill: &str| {
        format!(
            r#"{{card:"{card}",fillValues:{{lhs:{fill},rhs:{fill}}},include:[{include}],labels:[{labels}],on:{on}}}"#
        )
    };
    let binary = |op: &str, bool: bool, matching: &str| {
        format!(r#"{{bool:{bool},lhs:{up},matching:{matching},op:"{op}",rhs:{up},type:"binaryExpr"}}"#)
    };
    check("up == bool up", &binary("==", true, &matching("one-to-one", "", false, "", "-")));
    check("up and on (a) up", &binary("and", false, &matching("many-to-many", r#""a""#, true, "", "-")));
    check(
        "up / ignoring (a) group_left (b) up",
        &binary("/", false, &matching("many-to-one", r#""a""#, false, r#""b""#, "-")),
    );
    check("up + on () fill (0.5) up", &binary("+", false, &matching("one-to-one", "", true, "", "0.5")));
    // Where a side is a scalar, nothing is matched.
    check(
        "1 + up",
        &format!(r#"{{bool:false,lhs:{{type:"numberLiteral",val:"1"}},matching:-,op:"+",rhs:{up},type:"binaryExpr"}}"#),
    );
}

#[test]
fn trees_say_what_functions_take() {
    let check = |expression: &str, expect: &str| {
        let told = told(expression);
        let (_, own) = told.split_once("func:{").unwrap();
        assert_eq!(own.split_once('}').unwrap().0, expect, "{expression}");
    };
    check("pi()", r#"argTypes:[],name:"pi",returnType:"scalar",variadic:0"#);
    check("rate(x[5m])", r#"argTypes:["matrix"],name:"rate",returnType:"vector",variadic:0"#);
    check("hour()", r#"argTypes:["vector"],name:"hour",returnType:"vector",variadic:1"#);
    check("round(x)", r#"argTypes:["vector","scalar"],name:"round",returnType:"vector",variadic:1"#);
    check(
        "label_join(x, 'a', 'b')",
        r#"argTypes:["vector","string","string","string"],name:"label_join",returnType:"vector",variadic:-1"#,
    );
    check(
        "sort_by_label(x, 'a')",
        r#"argTypes:["vector","string"],name:"sort_by_label",returnType:"vector",variadic:-1"#,
    );
    check(
        "histogram_quantiles(x, 'q', 0.5)",
        r#"argTypes:["vector","string","scalar","scalar"],name:"histogram_quantiles",returnType:"vector",variadic:9"#,
    );
}

#[test]
fn lengths_that_are_worked_out_are_told_as_expressions() {
    let check = |expression: &str, expect: &str| assert!(told(expression).contains(expect), "{}", told(expression));
    let number = |val: u32, duration: bool| format!(r#"{{duration:{duration},type:"numberLiteral",val:"{val}"}}"#);
    let operation = |op: &str, left: &str, right: &str, wrapped: bool| {
        format!(r#"{{lhs:{left},op:"{op}",rhs:{right},type:"durationExpr",wrapped:{wrapped}}}"#)
    };
    let sum = operation("+", &number(300, true), &number(60, true), false);
    check("foo[5m+1m]", &format!("range:0,rangeExpr:{sum},"));
    let half = operation("/", &number(600, true), &number(2, false), true);
    check("foo[5m] offset (10m/2)", &format!("offset:0,offsetExpr:{half},range:300000,rangeExpr:-"));
    let step = operation("step", "-", "-", false);
    check("foo[max_of(step(),5m)]", &operation("max_of", &step, &number(300, true), false));
    check("foo offset -step()", &format!("offsetExpr:{}", operation("-", "-", &step, false)));
    check("foo[5m:1s*2]", &format!("step:0,stepExpr:{}", operation("*", &number(1, true), &number(2, false), false)));
}
