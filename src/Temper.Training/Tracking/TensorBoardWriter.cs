using System.Globalization;
using Temper.Formats.Protobuf;

namespace Temper.Training.Tracking;

/// <summary>Writes scalars, histograms, images and text for TensorBoard to one event file.</summary>
/// <remarks>
/// The file is named <c>events.out.tfevents.&lt;unix seconds&gt;.&lt;host&gt;</c>. Records are appended as a whole;
/// <see cref="Flush"/> makes them visible to a running TensorBoard. Not thread-safe.
/// </remarks>
public sealed class TensorBoardWriter : IDisposable
{
    // Field numbers of TensorFlow's event.proto and summary.proto.
    private const int EventWallTime = 1;
    private const int EventStep = 2;
    private const int EventFileVersion = 3;
    private const int EventSummary = 5;
    private const int SummaryValue = 1;
    private const int ValueTag = 1;
    private const int ValueSimple = 2;
    private const int ValueImage = 4;
    private const int ValueHistogram = 5;
    private const int ValueTensor = 8;
    private const int ValueMetadata = 9;
    private const int StringType = 7;

    private readonly Stream _stream;
    private readonly TimeProvider _time;
    private readonly WireWriter _event = new();
    private readonly WireWriter _summary = new();
    private readonly WireWriter _value = new();
    private readonly WireWriter _content = new();

    /// <summary>Creates an event file in a folder; the folder is created if absent.</summary>
    /// <param name="folder">TensorBoard's log folder.</param>
    /// <param name="time">Provides the times of the events.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public TensorBoardWriter(string folder, TimeProvider time)
        : this(Create(folder, time), time)
    {
    }

    internal TensorBoardWriter(Stream stream, TimeProvider time)
    {
        _stream = stream;
        _time = time;
        _event.Double(EventWallTime, Seconds()).Text(EventFileVersion, "brain.Event:2");
        WriteEvent();
    }

    /// <summary>Adds one point of a curve.</summary>
    /// <param name="tag">Name of the curve; a slash makes groups, for example <c>train/loss</c>.</param>
    /// <param name="step">Position on the horizontal axis.</param>
    /// <param name="value">The value; infinities and NaN are written unchanged.</param>
    public void AddScalar(string tag, long step, float value)
    {
        _value.Text(ValueTag, tag).Float(ValueSimple, value);
        WriteSummary(step);
    }

    /// <summary>Adds a histogram of values.</summary>
    /// <param name="tag">Name of the histogram.</param>
    /// <param name="step">Index of the step.</param>
    /// <param name="values">Any number of values; values that are not finite are ignored.</param>
    public void AddHistogram(string tag, long step, ReadOnlySpan<float> values)
    {
        Histogram h = Histogram.Of(values);
        _content.Double(1, h.Minimum).Double(2, h.Maximum).Double(3, h.Count).Double(4, h.Sum).Double(5, h.SumOfSquares)
            .Doubles(6, h.UpperLimits).Doubles(7, h.Counts);
        _value.Text(ValueTag, tag).Message(ValueHistogram, _content);
        WriteSummary(step);
    }

    /// <summary>Adds an image.</summary>
    /// <param name="tag">Name of the image.</param>
    /// <param name="step">Index of the step.</param>
    /// <param name="png">An encoded PNG file.</param>
    /// <param name="size">
    /// Height and width of the image in pixels, and its channels: 1 (gray), 3 (RGB) or 4 (RGBA).
    /// </param>
    public void AddImage(string tag, long step, ReadOnlySpan<byte> png, (int Height, int Width, int Channels) size)
    {
        _content.Integer(1, size.Height).Integer(2, size.Width).Integer(3, size.Channels).Bytes(4, png);
        _value.Text(ValueTag, tag).Message(ValueImage, _content);
        WriteSummary(step);
    }

    /// <summary>Adds text, shown as Markdown.</summary>
    /// <param name="tag">Name of the text.</param>
    /// <param name="step">Index of the step.</param>
    /// <param name="markdown">The text.</param>
    public void AddText(string tag, long step, string markdown)
    {
        var shape = new WireWriter().Message(2, new WireWriter().Integer(1, 1));
        var plugin = new WireWriter().Text(1, "text");
        _content.Integer(1, StringType).Message(2, shape).Text(8, markdown);
        _value.Text(ValueTag, tag)
            .Message(ValueTensor, _content).Message(ValueMetadata, new WireWriter().Message(1, plugin));
        WriteSummary(step);
    }

    /// <summary>Writes all buffered data to the file.</summary>
    public void Flush() => _stream.Flush();

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();

    private static FileStream Create(string folder, TimeProvider time)
    {
        Directory.CreateDirectory(folder);
        long seconds = time.GetUtcNow().ToUnixTimeSeconds();
        string name =
            string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{seconds:D10}.{Environment.MachineName}");
        string path = Path.Combine(folder, name);
        for (int i = 1; File.Exists(path); i++)
        {
            path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}.{i}"));
        }

        return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
    }

    private void WriteSummary(long step)
    {
        _summary.Message(SummaryValue, _value);
        _event.Double(EventWallTime, Seconds()).Integer(EventStep, step).Message(EventSummary, _summary);
        WriteEvent();
    }

    private void WriteEvent()
    {
        EventFile.WriteRecord(_stream, _event.Written);
        _event.Clear();
        _summary.Clear();
        _value.Clear();
        _content.Clear();
    }

    private double Seconds() => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
}
