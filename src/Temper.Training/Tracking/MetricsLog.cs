using System.Buffers;
using System.Text.Json;

namespace Temper.Training.Tracking;

/// <summary>
/// Appends lines of JSON to <c>metrics.jsonl</c>, the file from which all other views of a run are made.
/// </summary>
/// <remarks>
/// A line holds <c>step</c>, <c>epoch</c> and <c>seconds</c> (running time, including the time before the run was
/// resumed), then the metrics by name; a value that is not finite is written as <c>null</c>. Each line is written in
/// one call, so a killed run leaves at most one incomplete line at the end, which is removed when the log is opened
/// again. A resumed run repeats the steps after its checkpoint; lines of steps that the log already held when it was
/// opened are not written again.
/// </remarks>
public sealed class MetricsLog : IDisposable
{
    private readonly FileStream _stream;
    private readonly TimeProvider _time;
    private readonly long _opened;
    private readonly double _lastStep = -1;
    private readonly double _secondsBefore;
    private readonly ArrayBufferWriter<byte> _line = new();

    /// <summary>Opens a log for appending; complete lines in the file are kept.</summary>
    /// <param name="path">Path of the file; created if absent.</param>
    /// <param name="time">Measures the seconds.</param>
    /// <param name="secondsBefore">
    /// Running time before this session in seconds; raised to that of the last line if that is larger.
    /// </param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public MetricsLog(string path, TimeProvider time, double secondsBefore = 0)
    {
        if (File.Exists(path))
        {
            CutBrokenLine(path);
            _lastStep = Read(path).Select(line => line.GetValueOrDefault("step", -1)).DefaultIfEmpty(-1).Max();
            secondsBefore = Math.Max(secondsBefore, LastSeconds(path));
        }

        _secondsBefore = secondsBefore;

        _stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _time = time;
        _opened = time.GetTimestamp();
    }

    /// <summary>
    /// Appends a line, unless the log already held lines up to this step or a later one when it was opened.
    /// </summary>
    /// <param name="epoch">Number of finished epochs.</param>
    /// <param name="step">Number of optimizer steps done.</param>
    /// <param name="metrics">Values by name, for example <c>validation/accuracy</c>.</param>
    public void Write(int epoch, long step, IEnumerable<KeyValuePair<string, double>> metrics)
    {
        if (step <= _lastStep)
        {
            return;
        }

        _line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_line))
        {
            json.WriteStartObject();
            json.WriteNumber("step", step);
            json.WriteNumber("epoch", epoch);
            json.WriteNumber("seconds", Math.Round(_secondsBefore + _time.GetElapsedTime(_opened).TotalSeconds, 3));
            foreach ((string name, double value) in metrics)
            {
                if (double.IsFinite(value))
                {
                    json.WriteNumber(name, value);
                }
                else
                {
                    json.WriteNull(name);
                }
            }

            json.WriteEndObject();
        }

        _line.Write("\n"u8);
        _stream.Write(_line.WrittenSpan);
    }

    /// <summary>Reads the lines of a log.</summary>
    /// <param name="path">Path of a <c>metrics.jsonl</c> file.</param>
    /// <returns>
    /// The numbers of each line, by name. Values that are not numbers and incomplete lines are skipped.
    /// </returns>
    public static IReadOnlyList<IReadOnlyDictionary<string, double>> Read(string path)
    {
        var lines = new List<IReadOnlyDictionary<string, double>>();
        foreach (string line in File.ReadLines(path))
        {
            if (Parse(line) is { } values)
            {
                lines.Add(values);
            }
        }

        return lines;
    }

    /// <summary>
    /// Waits until all lines are on disk. Without this, a power cut may lose lines of epochs that a later checkpoint
    /// contains, which are then not repeated.
    /// </summary>
    internal void Flush() => _stream.Flush(flushToDisk: true);

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();

    /// <summary>Returns the running time in seconds at the last line of a log; 0 if there is no line.</summary>
    internal static double LastSeconds(string path) =>
        File.Exists(path) ? Read(path).Select(line => line.GetValueOrDefault("seconds", 0)).DefaultIfEmpty(0).Max() : 0;

    private static void CutBrokenLine(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        long end = stream.Length;
        for (; end > 0; end--)
        {
            stream.Position = end - 1;
            if (stream.ReadByte() == '\n')
            {
                break;
            }
        }

        if (end < stream.Length)
        {
            stream.SetLength(end);
        }
    }

    private static Dictionary<string, double>? Parse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var values = new Dictionary<string, double>(StringComparer.Ordinal);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Number)
                {
                    values[property.Name] = property.Value.GetDouble();
                }
            }

            return values;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
