using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Temper.Inference;

namespace Temper.Serving.Metrics;

/// <summary>Metrics in the Prometheus text format 0.0.4.</summary>
internal sealed class ServerMetrics(BatchingQueue queue)
{
    /// <summary>Upper bounds of the histogram buckets, in seconds.</summary>
    private static readonly double[] BucketBounds =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<int, long> _requests = new();
    private readonly long[] _buckets = new long[BucketBounds.Length + 1];
    private readonly Lock _lock = new();
    private double _seconds;

    /// <summary>Counts a finished inference request.</summary>
    internal void Count(int status, TimeSpan took)
    {
        _requests.AddOrUpdate(status, 1, (_, count) => count + 1);
        int index = Array.FindIndex(BucketBounds, bound => took.TotalSeconds <= bound);
        lock (_lock)
        {
            _buckets[index < 0 ? BucketBounds.Length : index]++;
            _seconds += took.TotalSeconds;
        }
    }

    internal string ToText()
    {
        var text = new StringBuilder();
        Head(text, "temper_requests_total", "counter", "Finished inference requests, by HTTP status.");
        foreach ((int status, long count) in _requests.OrderBy(pair => pair.Key))
        {
            Line(text, $"temper_requests_total{{code=\"{status}\"}} {count}");
        }

        Histogram(text);
        Single(text, "temper_samples_total", "counter", "Samples processed.", queue.Samples);
        Single(
            text, "temper_batches_total", "counter", "Batches processed; samples / batches is the mean batch size.",
            queue.Batches);
        Single(text, "temper_queue_waiting", "gauge", "Requests waiting for a batch.", queue.Waiting);
        Single(
            text, "process_resident_memory_bytes", "gauge", "Resident memory of the process, in bytes.",
            Environment.WorkingSet);
        return text.ToString();
    }

    private void Histogram(StringBuilder text)
    {
        Head(
            text, "temper_request_seconds", "histogram",
            "Time from the start of a request to its response, in seconds.");
        lock (_lock)
        {
            long sum = 0;
            for (int i = 0; i < _buckets.Length; i++)
            {
                sum += _buckets[i];
                string bound = i < BucketBounds.Length
                    ? BucketBounds[i].ToString(CultureInfo.InvariantCulture)
                    : "+Inf";
                Line(text, $"temper_request_seconds_bucket{{le=\"{bound}\"}} {sum}");
            }

            Line(text, $"temper_request_seconds_sum {_seconds}");
            Line(text, $"temper_request_seconds_count {sum}");
        }
    }

    private static void Single(StringBuilder text, string name, string type, string help, long value)
    {
        Head(text, name, type, help);
        Line(text, $"{name} {value}");
    }

    private static void Head(StringBuilder text, string name, string type, string help)
    {
        Line(text, $"# HELP {name} {help}");
        Line(text, $"# TYPE {name} {type}");
    }

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
