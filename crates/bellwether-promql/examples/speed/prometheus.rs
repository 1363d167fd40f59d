//! A Prometheus that is there already, spoken to over one connection.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::series::{END, STEP, first};

#[allow(unreachable_pub, reason = "a module of a library elsewhere")]
#[path = "../../../../tests/src/remote_write.rs"]
pub(crate) mod remote_write;

pub(crate) struct Prometheus {
    host: String,
    stream: BufReader<TcpStream>,
}

impl Prometheus {
    pub(crate) fn new(url: &str) -> Self {
        let host = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host).unwrap_or_else(|error| panic!("{url}: {error}"));
        stream.set_nodelay(true).expect("a socket that sends at once");
        Self { host, stream: BufReader::new(stream) }
    }

    pub(crate) fn write(&mut self, timeseries: Vec<remote_write::TimeSeries>) {
        let body = remote_write::WriteRequest { timeseries }.body();
        self.request("POST /api/v1/write", "content-encoding: snappy\r\n", &body);
    }

    /// Asks at the end of the series, or at each of these steps; says how many series the answer has.
    pub(crate) fn ask(&mut self, query: &str, steps: usize) -> usize {
        let seconds = |ms: i64| ms as f64 / 1000.0;
        let (path, time) = match steps {
            1 => ("POST /api/v1/query", format!("time={}", seconds(END))),
            steps => {
                let (start, end, step) = (seconds(first(steps)), seconds(END), seconds(STEP as i64));
                ("POST /api/v1/query_range", format!("start={start}&end={end}&step={step}"))
            }
        };
        let mut form = format!("{time}&query=");
        query.bytes().for_each(|byte| write!(form, "%{byte:02x}").expect("a string takes all"));
        let answer = self.request(path, "content-type: application/x-www-form-urlencoded\r\n", form.as_bytes());
        answer.matches(r#"{"metric":"#).count()
    }

    /// How long its engine has worked on queries so far: on preparing them, which reads the series, and on evaluating.
    pub(crate) fn engine_time(&mut self) -> Duration {
        let page = self.request("GET /metrics", "", &[]);
        let seconds = |slice: &str| -> f64 {
            let name = format!("prometheus_engine_query_duration_seconds_sum{{slice=\"{slice}\"}} ");
            let value = page.lines().find_map(|line| line.strip_prefix(&name)).and_then(|value| value.parse().ok());
            value.unwrap_or_else(|| panic!("no {name}"))
        };
        Duration::from_secs_f64(seconds("prepare_time") + seconds("inner_eval"))
    }

    fn request(&mut self, line: &str, headers: &str, body: &[u8]) -> String {
        let (host, length) = (&self.host, body.len());
        let head = format!("{line} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n{headers}\r\n");
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat()).expect("a server that listens");
        let status = self.line();
        let (mut length, mut chunked) = (0, false);
        loop {
            let header = self.line().to_ascii_lowercase();
            match header.split_once(": ") {
                Some(("content-length", value)) => length = value.parse().expect("a length"),
                Some(("transfer-encoding", _)) => chunked = true,
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = Vec::new();
        self.read(length, &mut answer);
        while chunked {
            let size = usize::from_str_radix(&self.line(), 16).expect("the size of a chunk");
            self.read(size, &mut answer);
            self.line();
            chunked = size > 0;
        }
        let answer = String::from_utf8(answer).expect("text");
        assert!(status.starts_with("HTTP/1.1 2"), "{line}: {status}\n{answer}");
        answer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("an answer");
        line.truncate(line.trim_end().len());
        line
    }

    fn read(&mut self, length: usize, to: &mut Vec<u8>) {
        let from = to.len();
        to.resize(from + length, 0);
        self.stream.read_exact(&mut to[from..]).expect("an answer to its end");
    }
}
