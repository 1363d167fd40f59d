//! The four layouts, as a person or a program reads them.

use std::io;

use bellwether_core::{OnEnd, Outcome, Value};
use bellwether_export::log::Layout;

use super::{logged, operation, scope};

/// A few events and requests, in one layout.
fn check(layout: Layout) -> String {
    let page = logged(
        |log| log.layout(layout).field("deployment.environment.name", "prod").field("region", "eu-1"),
        |log| {
            tracing::info!("outside of any request");
            let scope = scope();
            scope.customer("c-17").transaction("voice_turn");
            scope.in_scope(|| {
                let turn = tracing::info_span!(target: "app", "turn", customer = "c-17", attempt = 1);
                let _turn = turn.enter();
                let _stt = tracing::info_span!(target: "app", "stt", attempt = 2, user.id = 17).entered();
                let cause = io::Error::new(io::ErrorKind::TimedOut, "upstream is slow");
                tracing::warn!(
                    target: "app::stt",
                    error = &cause as &(dyn std::error::Error + 'static),
                    level = "mine",
                    ratio = 0.5,
                    password = "hunter2",
                    "transcribing \"it\" failed,\ntrying again"
                );
            });
            let requests = log.requests();
            let attributes = [
                ("http.request.method", Value::Str("POST")),
                ("url.path", Value::Str("/v1/turns")),
                ("url.query", Value::Str("lang=en&access_token=abc&x")),
                ("http.route", Value::Str("/v1/turns")),
                ("http.response.status_code", Value::Int(200)),
            ];
            let mut ended = operation(&scope, Outcome::Success);
            ended.attributes = &attributes;
            requests.ended(&ended);
            let attributes =
                [("rpc.system.name", Value::Str("grpc")), ("rpc.response.status_code", Value::Str("INTERNAL"))];
            let mut ended = operation(&scope, Outcome::Failure);
            ended.name = "voice.Voice/Converse";
            ended.route = None;
            ended.first_byte = None;
            ended.error = Some("INTERNAL");
            ended.attributes = &attributes;
            requests.ended(&ended);
        },
    );
    assert_eq!(page.lines().len(), 4);
    page.text()
}

#[test]
fn plain() {
    insta::assert_snapshot!(check(Layout::Plain), @r#"
    {"timestamp":"2023-11-14T22:13:20.123456Z","level":"info","message":"outside of any request","target":"it::log::layouts","service.name":"voice","service.version":"1.4.0","deployment.environment.name":"prod","region":"eu-1"}
    {"timestamp":"2023-11-14T22:13:20.123456Z","level":"warn","message":"transcribing \"it\" failed,\ntrying again","target":"app::stt","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","request_id":"order-42","error":"upstream is slow","level_":"mine","ratio":0.5,"password":"[redacted]","span":"stt","attempt":2,"user.id":17,"customer":"c-17","service.name":"voice","service.version":"1.4.0","deployment.environment.name":"prod","region":"eu-1"}
    {"timestamp":"2023-11-14T22:13:20.123456Z","level":"info","message":"POST /v1/turns: success","target":"bellwether::request","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","request_id":"order-42","http.route":"/v1/turns","outcome":"success","duration_seconds":0.012345,"first_byte_seconds":0.001500,"request_bytes":1024,"response_bytes":2048,"http.request.method":"POST","url.path":"/v1/turns","url.query":"lang=en&access_token=[redacted]&x","http.response.status_code":200,"customer":"c-17","transaction":"voice_turn","service.name":"voice","service.version":"1.4.0","deployment.environment.name":"prod","region":"eu-1"}
    {"timestamp":"2023-11-14T22:13:20.123456Z","level":"error","message":"voice.Voice/Converse: failure","target":"bellwether::request","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","request_id":"order-42","outcome":"failure","error.type":"INTERNAL","duration_seconds":0.012345,"request_bytes":1024,"response_bytes":2048,"rpc.system.name":"grpc","rpc.response.status_code":"INTERNAL","customer":"c-17","transaction":"voice_turn","service.name":"voice","service.version":"1.4.0","deployment.environment.name":"prod","region":"eu-1"}
    "#);
}

#[test]
fn pino() {
    insta::assert_snapshot!(check(Layout::Pino), @r#"
    {"time":1700000000123,"level":30,"msg":"outside of any request","target":"it::log::layouts","name":"voice","version":"1.4.0","pid":4711,"hostname":"host-1","deployment.environment.name":"prod","region":"eu-1"}
    {"time":1700000000123,"level":40,"msg":"transcribing \"it\" failed,\ntrying again","target":"app::stt","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","reqId":"order-42","err":{"type":"Error","message":"upstream is slow","stack":"upstream is slow"},"level_":"mine","ratio":0.5,"password":"[redacted]","span":"stt","attempt":2,"user.id":17,"customer":"c-17","name":"voice","version":"1.4.0","pid":4711,"hostname":"host-1","deployment.environment.name":"prod","region":"eu-1"}
    {"time":1700000000123,"level":30,"msg":"POST /v1/turns: success","target":"bellwether::request","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","reqId":"order-42","req":{"method":"POST"},"res":{"statusCode":200},"http.route":"/v1/turns","outcome":"success","responseTime":12.345,"firstByteTime":1.500,"request_bytes":1024,"response_bytes":2048,"url.path":"/v1/turns","url.query":"lang=en&access_token=[redacted]&x","customer":"c-17","transaction":"voice_turn","name":"voice","version":"1.4.0","pid":4711,"hostname":"host-1","deployment.environment.name":"prod","region":"eu-1"}
    {"time":1700000000123,"level":50,"msg":"voice.Voice/Converse: failure","target":"bellwether::request","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","reqId":"order-42","outcome":"failure","error.type":"INTERNAL","responseTime":12.345,"request_bytes":1024,"response_bytes":2048,"rpc.system.name":"grpc","rpc.response.status_code":"INTERNAL","customer":"c-17","transaction":"voice_turn","name":"voice","version":"1.4.0","pid":4711,"hostname":"host-1","deployment.environment.name":"prod","region":"eu-1"}
    "#);
}

#[test]
fn ecs() {
    insta::assert_snapshot!(check(Layout::Ecs), @r#"
    {"@timestamp":"2023-11-14T22:13:20.123Z","log.level":"info","message":"outside of any request","ecs.version":"8.11.0","log.logger":"it::log::layouts","service.name":"voice","service.version":"1.4.0","process.pid":4711,"host.hostname":"host-1","deployment.environment.name":"prod","labels.region":"eu-1"}
    {"@timestamp":"2023-11-14T22:13:20.123Z","log.level":"warn","message":"transcribing \"it\" failed,\ntrying again","ecs.version":"8.11.0","log.logger":"app::stt","trace.id":"0af7651916cd43dd8448eb211c80319c","span.id":"b7ad6b7169203331","http.request.id":"order-42","error.message":"upstream is slow","labels.level":"mine","labels.ratio":0.5,"labels.password":"[redacted]","labels.span":"stt","labels.attempt":2,"user.id":17,"labels.customer":"c-17","service.name":"voice","service.version":"1.4.0","process.pid":4711,"host.hostname":"host-1","deployment.environment.name":"prod","labels.region":"eu-1"}
    {"@timestamp":"2023-11-14T22:13:20.123Z","log.level":"info","message":"POST /v1/turns: success","ecs.version":"8.11.0","log.logger":"bellwether::request","trace.id":"0af7651916cd43dd8448eb211c80319c","span.id":"b7ad6b7169203331","http.request.id":"order-42","event.kind":"event","event.category":["web"],"event.outcome":"success","http.route":"/v1/turns","labels.outcome":"success","event.duration":12345678,"labels.first_byte_ns":1500000,"http.request.body.bytes":1024,"http.response.body.bytes":2048,"http.request.method":"POST","url.path":"/v1/turns","url.query":"lang=en&access_token=[redacted]&x","http.response.status_code":200,"labels.customer":"c-17","labels.transaction":"voice_turn","service.name":"voice","service.version":"1.4.0","process.pid":4711,"host.hostname":"host-1","deployment.environment.name":"prod","labels.region":"eu-1"}
    {"@timestamp":"2023-11-14T22:13:20.123Z","log.level":"error","message":"voice.Voice/Converse: failure","ecs.version":"8.11.0","log.logger":"bellwether::request","trace.id":"0af7651916cd43dd8448eb211c80319c","span.id":"b7ad6b7169203331","http.request.id":"order-42","event.kind":"event","event.category":["web"],"event.outcome":"failure","labels.outcome":"failure","error.type":"INTERNAL","event.duration":12345678,"http.request.body.bytes":1024,"http.response.body.bytes":2048,"rpc.system.name":"grpc","rpc.response.status_code":"INTERNAL","labels.customer":"c-17","labels.transaction":"voice_turn","service.name":"voice","service.version":"1.4.0","process.pid":4711,"host.hostname":"host-1","deployment.environment.name":"prod","labels.region":"eu-1"}
    "#);
}

#[test]
fn cloudwatch_emf() {
    insta::assert_snapshot!(check(Layout::CloudWatchEmf), @r#"
    {"timestamp":"2023-11-14T22:13:20.123456Z","level":"info","message":"outside of any request","target":"it::log::layouts","service":"voice","version":"1.4.0","deployment.environment.name":"prod","region":"eu-1"}
    {"timestamp":"2023-11-14T22:13:20.123456Z","level":"warn","message":"transcribing \"it\" failed,\ntrying again","target":"app::stt","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","request_id":"order-42","error":"upstream is slow","level_":"mine","ratio":0.5,"password":"[redacted]","span":"stt","attempt":2,"user.id":17,"customer":"c-17","service":"voice","version":"1.4.0","deployment.environment.name":"prod","region":"eu-1"}
    {"_aws":{"Timestamp":1700000000123,"CloudWatchMetrics":[{"Namespace":"voice","Dimensions":[["service"],["service","operation"]],"Metrics":[{"Name":"duration","Unit":"Milliseconds"},{"Name":"count","Unit":"Count"},{"Name":"faults","Unit":"Count"}]}]},"operation":"POST /v1/turns","count":1,"faults":0,"timestamp":"2023-11-14T22:13:20.123456Z","level":"info","message":"POST /v1/turns: success","target":"bellwether::request","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","request_id":"order-42","http.route":"/v1/turns","outcome":"success","duration":12.345,"first_byte":1.500,"request_bytes":1024,"response_bytes":2048,"http.request.method":"POST","url.path":"/v1/turns","url.query":"lang=en&access_token=[redacted]&x","http.response.status_code":200,"customer":"c-17","transaction":"voice_turn","service":"voice","version":"1.4.0","deployment.environment.name":"prod","region":"eu-1"}
    {"_aws":{"Timestamp":1700000000123,"CloudWatchMetrics":[{"Namespace":"voice","Dimensions":[["service"],["service","operation"]],"Metrics":[{"Name":"duration","Unit":"Milliseconds"},{"Name":"count","Unit":"Count"},{"Name":"faults","Unit":"Count"}]}]},"operation":"voice.Voice/Converse","count":1,"faults":1,"timestamp":"2023-11-14T22:13:20.123456Z","level":"error","message":"voice.Voice/Converse: failure","target":"bellwether::request","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","request_id":"order-42","outcome":"failure","error.type":"INTERNAL","duration":12.345,"request_bytes":1024,"response_bytes":2048,"rpc.system.name":"grpc","rpc.response.status_code":"INTERNAL","customer":"c-17","transaction":"voice_turn","service":"voice","version":"1.4.0","deployment.environment.name":"prod","region":"eu-1"}
    "#);
}

#[test]
fn names() {
    for layout in Layout::ALL {
        assert_eq!(layout.as_str().to_uppercase().parse(), Ok(layout));
    }
    insta::assert_snapshot!("bunyan".parse::<Layout>().unwrap_err(), @r#"no log layout is called "bunyan"; there are "plain", "pino", "ecs" and "cloudwatch-emf""#);
}
