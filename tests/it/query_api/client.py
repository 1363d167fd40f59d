# What prometheus-api-client makes of a server's answers, as one line of JSON each.
import datetime, json, sys
from prometheus_api_client import PrometheusConnect, PrometheusApiClientException

START = datetime.datetime.fromtimestamp(1_700_000_000, datetime.timezone.utc)
END = START + datetime.timedelta(seconds=590)


def show(value):
    print(json.dumps(value, sort_keys=True))


for method in ["GET", "POST"]:
    client = PrometheusConnect(url=sys.argv[1], method=method)
    show(client.all_metrics())
    show(client.get_label_names())
    show(client.get_label_names({"match[]": "requests_total"}))
    show(client.get_label_values("host"))
    show(client.get_series(START, END, {"match[]": ["requests_total", "short"]}))
    now = {"time": END.timestamp()}
    show(client.get_current_metric_value("requests_total", {"host": "a"}, now))
    show(client.get_metric_range_data("requests_total", {"job": "api"}, START, END, datetime.timedelta(minutes=3)))
    show(client.custom_query("sort(rate(requests_total[5m]))", now))
    show(client.custom_query_range("sum by (host) (requests_total)", START, END, "45"))
    show(client.get_targets()["activeTargets"])
    try:
        client.custom_query("sum(", now)
    except PrometheusApiClientException as error:
        show("400" in str(error) and "bad_data" in str(error))
