//! What is written is read back by prost, and what prost writes is read back here.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use proptest::prelude::*;
use prost::Message;

use super::*;

#[derive(Clone, PartialEq, prost::Message)]
struct Sample {
    #[prost(uint64, tag = "1")]
    number: u64,
    #[prost(bytes = "vec", tag = "2")]
    bytes: Vec<u8>,
    #[prost(fixed64, tag = "3")]
    long: u64,
    #[prost(fixed32, tag = "4")]
    short: u32,
    #[prost(double, optional, tag = "5")]
    real: Option<f64>,
    #[prost(message, optional, boxed, tag = "6")]
    inner: Option<Box<Sample>>,
    #[prost(uint64, repeated, tag = "7")]
    packed: Vec<u64>,
    #[prost(sint32, tag = "20")]
    signed: i32,
}

fn write(out: &mut Vec<u8>, sample: &Sample, guess: usize) {
    uint(out, 1, sample.number);
    bytes(out, 2, &sample.bytes);
    fixed64(out, 3, sample.long);
    fixed32(out, 4, sample.short);
    if let Some(real) = sample.real {
        double(out, 5, real);
    }
    if let Some(inner) = &sample.inner {
        nested(out, 6, guess, |out| write(out, inner, guess));
    }
    if !sample.packed.is_empty() {
        nested(out, 7, guess, |out| sample.packed.iter().for_each(|value| varint(out, *value)));
    }
    sint(out, 20, sample.signed);
}

fn sample() -> impl Strategy<Value = Sample> {
    let leaf = (
        any::<u64>(),
        prop::collection::vec(any::<u8>(), 0..300),
        any::<u64>(),
        any::<u32>(),
        prop::option::of(-1e300..1e300),
        prop::collection::vec(any::<u64>(), 0..5),
        any::<i32>(),
    )
        .prop_map(|(number, bytes, long, short, real, packed, signed)| Sample {
            number,
            bytes,
            long,
            short,
            real,
            inner: None,
            packed,
            signed,
        });
    leaf.prop_recursive(4, 8, 1, |inner| {
        (inner, any::<u64>()).prop_map(|(inner, number)| Sample {
            inner: Some(Box::new(inner)),
            number,
            ..Sample::default()
        })
    })
}

proptest! {
    #[test]
    fn prost_reads_what_is_written_and_would_write_the_same(sample in sample(), guess in 1..5_usize) {
        let mut out = Vec::new();
        write(&mut out, &sample, guess);
        prop_assert_eq!(&Sample::decode(&*out).unwrap(), &sample);
        prop_assert_eq!(out, sample.encode_to_vec());
    }

    #[test]
    fn what_prost_writes_is_read(sample in sample()) {
        let message = sample.encode_to_vec();
        let find = |number| fields(&message).filter(|(field, _)| *field == number).map(|(_, value)| value).last();
        let Some(Field::Varint(number)) = find(1).or(Some(Field::Varint(0))) else { panic!("not a varint") };
        let Some(Field::Bytes(bytes)) = find(2).or(Some(Field::Bytes(&[]))) else { panic!("not bytes") };
        let Some(Field::Fixed64(long)) = find(3).or(Some(Field::Fixed64(0))) else { panic!("not fixed64") };
        let Some(Field::Fixed32(short)) = find(4).or(Some(Field::Fixed32(0))) else { panic!("not fixed32") };
        prop_assert_eq!((number, bytes, long, short), (sample.number, &*sample.bytes, sample.long, sample.short));
    }

    #[test]
    fn reading_anything_ends(message in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(fields(&message).count() <= message.len());
    }

    #[test]
    fn text_is_cut_between_characters(texts in prop::collection::vec(".{0,20}", 0..5), max in 0..40_usize) {
        use std::fmt::Write as _;
        let mut out = Vec::new();
        let mut text = Text::new(&mut out, max);
        texts.iter().for_each(|part| text.write_str(part).unwrap());
        let whole = texts.concat();
        let written = String::from_utf8(out).unwrap();
        prop_assert!(written.len() <= max && whole.starts_with(&written));
        prop_assert!(written.len() + 4 > max.min(whole.len()));
    }
}

#[test]
fn attributes_are_key_values() {
    fn check(write: impl Fn(&mut Vec<u8>, u32, &str), expected: Value) {
        for key in ["k", "", &"long".repeat(50)] {
            let mut out = Vec::new();
            write(&mut out, 9, key);
            let mut rest = fields(&out);
            let Some((9, Field::Bytes(message))) = rest.next() else { panic!("not field 9") };
            assert_eq!(rest.next(), None);
            let value = Some(AnyValue { value: Some(expected.clone()) });
            let key_value = KeyValue { key: key.to_owned(), value, ..KeyValue::default() };
            assert_eq!(KeyValue::decode(message).unwrap(), key_value);
        }
    }
    let texts = |texts: &[&str]| {
        let value = |text: &&str| AnyValue { value: Some(Value::StringValue((*text).to_owned())) };
        Value::ArrayValue(ArrayValue { values: texts.iter().map(value).collect() })
    };
    let long = "x".repeat(300);
    check(|out, field, key| text_attribute(out, field, key, "v"), Value::StringValue("v".to_owned()));
    check(|out, field, key| text_attribute(out, field, key, ""), Value::StringValue(String::new()));
    check(|out, field, key| text_attribute(out, field, key, &long), Value::StringValue(long.clone()));
    check(|out, field, key| whole(out, field, key, 0), Value::IntValue(0));
    check(|out, field, key| whole(out, field, key, -1), Value::IntValue(-1));
    check(|out, field, key| whole(out, field, key, i64::MAX), Value::IntValue(i64::MAX));
    check(|out, field, key| flag(out, field, key, false), Value::BoolValue(false));
    check(|out, field, key| number(out, field, key, -0.5), Value::DoubleValue(-0.5));
    for list_of in [&["a", "", "c"][..], &[&long]] {
        let items = |out: &mut Vec<u8>| list_of.iter().for_each(|text| nested(out, 1, 1, |out| any_text(out, text)));
        check(|out, field, key| list(out, field, key, items), texts(list_of));
    }
}
