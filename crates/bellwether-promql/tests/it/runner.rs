//! What the runner says of scripts that are wrong, or that expect what does not come.

use bellwether_promql::script;

/// Failures of a script, one a line.
fn failures(text: &str) -> String {
    let report = script::run(text);
    let failures =
        report.failures().map(|e| format!("{}: {}: {}", e.line, e.expression, e.failure.as_deref().unwrap()));
    failures.collect::<Vec<_>>().join("\n")
}

#[test]
fn says_what_came_instead() {
    let text = r#"
load 1m
  a{x="1"} 1+1x2
  h {{schema:0 sum:5 count:4 buckets:[1 2 1]}}

eval instant at 1m a
  a{x="1"} 2.1

eval instant at 1m h
  h {{schema:0 sum:5 count:4 buckets:[1 2 2]}}

eval instant at 0 h
  h {{schema:0 sum:5 count:4 buckets:[1 2 1] counter_reset_hint:gauge}}

eval instant at 1m a
  expect no_warn

eval range from 0 to 2m step 1m a
  a{x="1"} 1 2

eval instant at 0 sum(a)
  expect warn msg: beware
  {} 1

eval instant at 0 max(h)
  expect no_info

eval instant at 0 sum(a)
  expect fail

eval instant at 0 sum(a
  expect fail msg: unclosed
"#;
    insta::assert_snapshot!(failures(text), @r##"
    6: a: expected
           a{x="1"} 2.1
         got
           a{x="1"} 2
    9: h: expected
           h {{schema:0 count:4 sum:5 buckets:[1 2 2]}}
         got
           h {{schema:0 count:4 sum:5 buckets:[1 2 1]}}
    12: h: expected
           h {{schema:0 count:4 sum:5 counter_reset_hint:gauge buckets:[1 2 1]}}
         got
           h {{schema:0 count:4 sum:5 buckets:[1 2 1]}}
    15: a: expected nothing
         got
           a{x="1"} 2
    18: a: expected
           a{x="1"} 1 2
         got
           a{x="1"} 1@0 2@60000 3@120000
    21: sum(a): expected a warning, "beware"
         got []
    25: max(h): expected no info
         got ["PromQL info: ignored histogram in max aggregation (1:5)"]
    28: sum(a): expected to fail
         got
           {} 1
    31: sum(a: expected an error, "unclosed"
         got "1:6: parse error: unclosed left parenthesis"
    "##);
}

#[test]
fn says_what_it_cannot_read() {
    let text = r#"
evil

load soon
  a 1

load 1m
  a 1..2

load 1m
  a{b} 1 x3

load 1m
  h {{schema:9}}

load 1m
  h {{shape:round}}

load 1m
  a 1x99999999

eval instant 5m a

eval range from 5m to 1m step 1m a

eval instant at 0 a
  expect luck

eval instant at 0 a
  expect warn
  expect no_warn

eval instant at 0 a
  a 1 2

eval instant at 0 "a"
  expect string a
"#;
    insta::assert_snapshot!(failures(text), @r##"
    2: evil: no command "evil"; there are load, load_with_nhcb, clear and eval
    4: load soon: "soon" is no duration such as 1m or 1h30m
    7: load 1m: line 8: "1..2" is no value of a series
    10: load 1m: line 11: "x3" is no value of a series
    13: load 1m: line 14: schema 9 is neither from -4 to 8 nor -53
    16: load 1m: line 17: a histogram has no "shape"
    19: load 1m: line 20: more than 1000000 values in a series
    22: eval instant 5m a: expected `at`, found "5m"
    24: eval range from 5m to 1m step 1m a: the end 1m is before the start 5m
    26: eval instant at 0 a: line 27: cannot expect "luck"
    29: eval instant at 0 a: expects a note and none at once
    33: eval instant at 0 a: several values for one instant; `expect range vector from .. to .. step ..` says when
    36: eval instant at 0 "a": line 37: `expect string` is followed by a string in quotes
    "##);
}

#[test]
fn values_expand() {
    let text = r#"
load 1m
  a -1-2x2 _x2 5x1 NaN stale 0x2 1e2+.5x1
  h {{sum:1 count:1 buckets:[1]}}+{{sum:2 count:1 buckets:[0 1]}}x1 {{}}x1

eval range from 0 to 13m step 1m a
  a -1 -3 -5 -5 -5 5 5 NaN _ 0 0 0 100 100.5

eval range from 0 to 3m step 1m h
  h {{sum:1 count:1 buckets:[1]}} {{sum:3 count:2 buckets:[1 1]}} {{}} {{}}
"#;
    assert_eq!(failures(text), "");
    assert_eq!(script::run(text).passed(), 2);
}

#[test]
fn older_words_mean_the_same() {
    let text = r#"
load 1m
  a{x="1"} 2
  a{x="2"} 1
  h {{count:1}}

eval_fail instant at 0 rate(a)
  expected_fail_message 1:6: parse error: expected type range vector in call to function "rate", got instant vector

eval_fail instant at 0 rate(a)
  expected_fail_regexp range vector

eval_ordered instant at 0 sort(a)
  a{x="2"} 1
  a{x="1"} 2

eval_warn instant at 0 quantile(3, a)
  {} Inf

eval_info instant at 0 max(h)
"#;
    assert_eq!(failures(text), "");
    assert_eq!(script::run(text).passed(), 5);
}
