using System.Buffers;
using System.Text.Json;

namespace Temper.Training;

/// <summary>
/// Records how the first steps of a run spend their time, in the trace event format read by Chrome's
/// <c>about:tracing</c> and by Perfetto.
/// </summary>
/// <remarks>Thread-safe. Recording does not change results.</remarks>
/// <param name="time">Clock of the spans.</param>
/// <param name="process">Process number in the trace: the rank.</param>
/// <param name="capacity">Maximum number of spans; later spans are dropped.</param>
public sealed class StepTimeline(TimeProvider time, int process = 0, int capacity = 20_000)
{
    private readonly long _origin = time.GetTimestamp();
    private readonly List<(string Name, int Thread, double Start, double Length)> _spans = [];
    private readonly Lock _lock = new();

    /// <summary>Number of spans recorded.</summary>
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

    /// <summary>Begins a span. It ends when the returned value is disposed.</summary>
    /// <param name="name">Name of the span in the trace.</param>
    public Span Begin(string name) => new(this, name);

    /// <summary>
    /// Returns the trace as a JSON object with <c>traceEvents</c>; times are in microseconds since the timeline was
    /// created.
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

    /// <summary>A time span that ends when it is disposed.</summary>
    public readonly struct Span : IDisposable
    {
        private readonly StepTimeline? _timeline;
        private readonly string _name;
        private readonly double _start;

        internal Span(StepTimeline timeline, string name) =>
            (_timeline, _name, _start) = (timeline, name, timeline.Now);

        /// <summary>Ends the span. A default value records nothing.</summary>
        public void Dispose() => _timeline?.Add(_name, _start);
    }
}
