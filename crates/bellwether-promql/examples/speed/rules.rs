//! A thousand rules as rule files have them: recording and alerting rules of a hundred jobs.

/// The expressions, ten for each job.
pub(crate) fn all() -> Vec<String> {
    let of_job = |job| EXPRESSIONS.map(|expression| expression.replace("$job", &super::series::job(job)));
    (0..super::series::JOBS).flat_map(of_job).collect()
}

const EXPRESSIONS: [&str; 10] = [
    r#"up{job="$job"} == 0"#,
    r#"sum by (job, code) (rate(http_requests_total{job="$job"}[5m]))"#,
    r#"sum(rate(http_requests_total{job="$job",code=~"5.."}[5m])) / sum(rate(http_requests_total{job="$job"}[5m])) > 0.05"#,
    r#"histogram_quantile(0.99, sum by (job, le) (rate(latency_seconds_bucket{job="$job"}[5m])))"#,
    r#"avg by (job) (memory_bytes{job="$job"})"#,
    r#"memory_bytes{job="$job"} / on (job, instance) memory_limit_bytes{job="$job"} > 0.9"#,
    r#"max_over_time(queue_depth{job="$job"}[10m]) > 1000"#,
    r#"predict_linear(disk_free_bytes{job="$job"}[10m], 4 * 3600) < 0"#,
    r#"increase(restarts_total{job="$job"}[10m]) > 3"#,
    r#"absent(up{job="$job"}) or count by (job) (up{job="$job"} == 0) > 2"#,
];
