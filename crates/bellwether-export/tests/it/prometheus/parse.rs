//! A parser of the text formats, written from their grammar and not from the encoder.

/// One sample line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    /// By ascending name.
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
    /// What follows `# ` on the line: the exemplar's labels and the rest.
    pub(super) exemplar: Option<(Vec<(String, String)>, String)>,
}

impl Sample {
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// All samples; panics at the first line that is no legal one.
pub(super) fn samples(text: &str) -> Vec<Sample> {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line ends");
    text.split_terminator('\n').filter(|line| !line.starts_with('#')).map(sample).collect()
}

fn sample(line: &str) -> Sample {
    let mut rest = Rest(line);
    let (mut name, mut labels) = (String::new(), Vec::new());
    if !rest.0.starts_with('{') {
        name = rest.bare();
    }
    if rest.eat('{') {
        let (own, quoted) = rest.labels();
        labels = own;
        name = if name.is_empty() { quoted.expect("a name somewhere") } else { name };
    }
    assert!(rest.eat(' '), "a space before the value: {line}");
    let (value, exemplar) = match rest.0.split_once(" # {") {
        Some((value, exemplar)) => {
            let mut rest = Rest(exemplar);
            let (labels, _) = rest.labels();
            (value, Some((labels, rest.0.trim().to_owned())))
        }
        None => (rest.0, None),
    };
    labels.sort();
    assert!(labels.windows(2).all(|pair| pair[0].0 != pair[1].0), "each label once: {line}");
    Sample { name, labels, value: value.parse().unwrap_or_else(|_| panic!("a number: {line}")), exemplar }
}

struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn eat(&mut self, c: char) -> bool {
        self.0.strip_prefix(c).map(|rest| self.0 = rest).is_some()
    }

    fn bare(&mut self) -> String {
        let end = self.0.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        assert!(!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()), "a legal name: {}", self.0);
        self.0 = rest;
        name.to_owned()
    }

    fn quoted(&mut self) -> String {
        assert!(self.eat('"'), "a quote: {}", self.0);
        let mut out = String::new();
        let mut chars = self.0.char_indices();
        loop {
            match chars.next().expect("a closing quote").1 {
                '"' => break,
                '\\' => match chars.next().expect("something escaped").1 {
                    'n' => out.push('\n'),
                    c @ ('\\' | '"') => out.push(c),
                    c => panic!("nothing that is escaped: {c}"),
                },
                '\n' => panic!("no newline inside"),
                c => out.push(c),
            }
        }
        self.0 = chars.as_str();
        out
    }

    /// Labels up to the closing brace, and a quoted name among them.
    fn labels(&mut self) -> (Vec<(String, String)>, Option<String>) {
        let (mut labels, mut name) = (Vec::new(), None);
        while !self.eat('}') {
            let key = if self.0.starts_with('"') { self.quoted() } else { self.bare() };
            if self.eat('=') {
                labels.push((key, self.quoted()));
            } else {
                assert!(name.replace(key).is_none(), "one name");
            }
            assert!(self.eat(',') || self.0.starts_with('}'), "a comma or the end: {}", self.0);
        }
        (labels, name)
    }
}
