using System.Buffers;
using System.Text.Json;

namespace Temper.Training;

/// <summary>
/// Records what the first steps of a run spend their time on, in the trace event format that Chrome's
/// <c>about:tracing</c> and Perfetto read.
/// </summary>
/// <remarks>Safe for several threads. Recording does not change results.</remarks>
/// <param name="time">The clock.</param>
/// <param name="process">Number of the process in the trace: the rank.</param>
/// <param name="capacity">Number of spans that are kept; later ones are dropped.</param>
public sealed class StepTimeline(TimeProvider time, int process = 0, int capacity = 20_000)
{
    private readonly long _origin = time.GetTimestamp();
    private readonly List<(string Name, int Thread, double Start, double Length)> _spans = [];
    private readonly Lock _lock = new();

    /// <summary>Spans that were recorded.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _spans.Count;
            }
        }
    }

    /// <summary>Begins a span, which ends when it is disposed.</summary>
    /// <param name="name">What is done, as the trace shows it.</param>
    public Span Begin(string name) => new(this, name);

    /// <summary>
    /// The trace, a JSON object with <c>traceEvents</c>; times in microseconds since the timeline was made.
    /// </summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartArray("traceEvents");
        lock (_lock)
        {
            foreach ((string name, int thread, double start, double length) in _spans)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString("ph", "X");
                json.WriteNumber("ts", Math.Round(start, 1));
                json.WriteNumber("dur", Math.Round(length, 1));
                json.WriteNumber("pid", process);
                json.WriteNumber("tid", thread);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private double Now => time.GetElapsedTime(_origin).TotalMicroseconds;

    private void Add(string name, double start)
    {
        double length = Now - start;
        lock (_lock)
        {
            if (_spans.Count < capacity)
            {
                _spans.Add((name, Environment.CurrentManagedThreadId, start, length));
            }
        }
    }

    /// <summary>A span that goes on until it is disposed.</summary>
    public readonly struct Span : IDisposable
    {
        private readonly StepTimeline? _timeline;
        private readonly string _name;
        private readonly double _start;

        internal Span(StepTimeline timeline, string name) =>
            (_timeline, _name, _start) = (timeline, name, timeline.Now);

        /// <summary>Ends the span. A default span, of no timeline, records nothing.</summary>
        public void Dispose() => _timeline?.Add(_name, _start);
    }
}
