//! What the parser reads, and what it says of what it does not.

use super::ast::{Expr, Kind};
use super::parse;

/// The tree as an expression with every operation in parentheses.
fn show(expr: &Expr) -> String {
    let all = |exprs: &[Expr]| exprs.iter().map(show).collect::<Vec<_>>().join(", ");
    match &expr.kind {
        Kind::Number(number) | Kind::Duration(number) => format!("{number}"),
        Kind::String(text) => format!("{text:?}"),
        Kind::Selector(selector) => {
            let matchers = selector.matchers.iter().map(|m| format!("{}{:?}{}", m.name(), m.op(), m.value()));
            format!("{{{}}}", matchers.collect::<Vec<_>>().join(","))
        }
        Kind::Matrix(matrix) => format!("[{:?}]", matrix.range),
        Kind::Subquery(subquery) => format!("{}[{:?}:{:?}]", show(&subquery.inner), subquery.range, subquery.step),
        Kind::Negate(inner) => format!("(-{})", show(inner)),
        Kind::Paren(inner) | Kind::Plus(inner) => show(inner),
        Kind::Binary(b) => format!("({} {} {})", show(&b.left), b.op.symbol(), show(&b.right)),
        Kind::Call(call) => format!("{}({})", call.function.name, all(&call.args)),
        Kind::Aggregate(a) => format!("{}({})", a.op.name(), show(&a.inner)),
    }
}

fn check(expression: &str, expect: &str) {
    let shown = match parse(expression, 100) {
        Ok(expr) => show(&expr),
        Err(error) => error.to_string(),
    };
    assert_eq!(shown, expect, "{expression}");
}

#[test]
fn operators_bind_as_in_prometheus() {
    check("1 + 2 * 3", "(1 + (2 * 3))");
    check("-1 ^ 2", "(-(1 ^ 2))");
    check("-2^---1*3", "((-(2 ^ -1)) * 3)");
    check("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))");
    check("1 - 2 - 3", "((1 - 2) - 3)");
    check("1 + 2 > bool 3 * 4", "((1 + 2) > (3 * 4))");
    check("vector(1) or vector(2) and vector(3)", "(vector(1) or (vector(2) and vector(3)))");
    check("1 atan2 2 + 3", "((1 atan2 2) + 3)");
}

#[test]
fn literals_are_those_of_go() {
    check("0x1F", "31");
    check("010", "8");
    check("08", "8");
    check("1_000", "1000");
    check(".5e-1", "0.05");
    check("-Inf", "-inf");
    check("1h30m", "5400");
    check("5ms", "0.005");
    check(r#""\x41\u00e9\n\"""#, r#""Aé\n\"""#);
    check("'it''", "1:5: parse error: unterminated quoted string");
    check("`raw\\n`", r#""raw\\n""#);
    check("1h1h", r#"1:1: parse error: bad number or duration syntax: "1h1h""#);
    check("5m6h", r#"1:1: parse error: bad number or duration syntax: "5m6h""#);
    check("1__0", r#"1:1: parse error: error parsing number: "1__0" is not one"#);
}

#[test]
fn selectors_name_metrics_in_any_way() {
    check(r#"up{job="a",}"#, "{jobEquala,__name__Equalup}");
    check(r#"{"http.requests", "service.name"=~"a.*"}"#, "{service.nameRegexa.*,__name__Equalhttp.requests}");
    check("sum", "{__name__Equalsum}");
    check("start", "{__name__Equalstart}");
    check("job:errors:ratio", "{__name__Equaljob:errors:ratio}");
    check("foo offset 1m + 1m", "({__name__Equalfoo} + 60)");
    check("foo offset step()*2", "({__name__Equalfoo} * 2)");
    check("foo[5m:]", "{__name__Equalfoo}[Seconds(300.0):None]");
    check("foo[min_of(step(), 5m)]", "[Operation((Min, Step, Seconds(300.0)))]");
    check("foo[range():step()]", "{__name__Equalfoo}[Range:Some(Step)]");
    check("# a comment\nsum by (job,) (foo) # another", "sum({__name__Equalfoo})");
}

#[test]
fn errors_say_where_and_what() {
    check("", "unknown position: parse error: no expression found in input");
    check("1 +", "1:4: parse error: unexpected end of input");
    check("(1", "1:3: parse error: unclosed left parenthesis");
    check("sum(", "1:5: parse error: unclosed left parenthesis");
    check("sum(a{", "1:7: parse error: unexpected end of input inside braces");
    check("a[5m", "1:5: parse error: unclosed left bracket");
    check("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher");
    check(r#"{a=~".*"}"#, "1:1: parse error: vector selector must contain at least one non-empty matcher");
    check("1 == 1", "1:1: parse error: comparisons between scalars must use BOOL modifier");
    check("1 + bool 2", "1:5: parse error: bool modifier can only be used on comparison operators");
    check("1 and 2", r#"1:1: parse error: set operator "and" not allowed in binary scalar expression"#);
    check(
        "rate(foo)",
        r#"1:6: parse error: expected type range vector in call to function "rate", got instant vector"#,
    );
    check("sum(foo[5m])", "1:5: parse error: expected type instant vector in aggregation expression, got range vector");
    check(
        "topk(foo)",
        "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1",
    );
    check("nope(1)", r#"1:1: parse error: unknown function with name "nope""#);
    check("abs(1,)", "1:6: parse error: trailing commas not allowed in function call args");
    check(
        "1 offset 5m",
        "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    );
    check("foo offset 5m offset 5m", "1:15: parse error: offset may not be set multiple times");
    check("foo @ 1 @ 2", "1:9: parse error: @ <timestamp> may not be set multiple times");
    check("(foo)[5m]", "1:6: parse error: ranges only allowed for vector selectors");
    check("foo[0s]", "1:5: parse error: duration must be greater than 0");
    check("foo[5s/0d]", "1:7: parse error: division by zero");
    check(
        "-foo[5m]",
        r#"1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector""#,
    );
    check(r#"foo{__name__="bar"}"#, r#"1:1: parse error: metric name must not be set twice: "foo" or "bar""#);
    check("a + on(x) group_left(x) b", r#"1:11: parse error: label "x" must not occur in ON and GROUP clause at once"#);
    check("a and on(x) group_left b", r#"1:13: parse error: no grouping allowed for "and" operation"#);
    check("sum(\n  foo bar)", r#"2:7: parse error: unexpected identifier "bar""#);
    check("é", "1:1: parse error: unexpected character: 'é'");
    check(
        "max_over_time(foo[5m] anchored)",
        "anchored modifier can only be used with: changes, delta, increase, rate, resets - not with max_over_time",
    );
}

#[test]
fn what_nests_too_deep_is_refused_on_a_small_stack() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
    let chain = vec!["1"; 100_000].join(" + ");
    let within = |open: &str, close: &str| format!("{}x{}", open.repeat(11), close.repeat(11));
    let left = within("(", &format!("{})", "+1".repeat(99)));
    let args = within("clamp(", &format!("{},1,1)", "+1".repeat(99)));
    let all = [deep("(", ")"), deep("-", ""), deep("abs(", ")"), deep("sum(", ")"), chain, left, args];
    let all = all.into_iter().chain([format!("a[{}", deep("(", ")"))]);
    let small = std::thread::Builder::new().stack_size(1024 * 1024);
    let checked = small.spawn(move || {
        for expression in all {
            let error = parse(&expression, 100).err().map(|error| error.to_string()).unwrap_or_default();
            let refused = ["expression nests deeper than 100 levels", "more than 1000 operators in a row"];
            assert!(refused.contains(&error.as_str()), "{error}");
        }
    });
    checked.unwrap().join().unwrap();
}
