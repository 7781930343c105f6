using System.Globalization;
using Temper.Data.Images;
using Temper.Reinforcement.Environments;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Records what an agent observes in one episode and turns it into a report section: an animation and a strip of images
/// for grids and images, or curves for vectors. Assign <see cref="Record"/> to <see cref="PlayOptions.Watch"/>.
/// </summary>
public sealed class PlayRecording
{
    private const int MaxFrames = 240, StripFrames = 12, Milliseconds = 80, MaxLines = 8;
    private readonly List<float[]> _frames = [];
    private EnvironmentSpec? _spec;

    /// <summary>Records one observation; of stacked frames only the newest.</summary>
    /// <param name="environment">The environment that gave the observation.</param>
    /// <param name="observation">The observation as the agent received it.</param>
    public void Record(IEnvironment environment, ReadOnlyMemory<float> observation)
    {
        _spec ??= environment.Spec;
        _frames.Add(observation.Span[^_spec.ObservationShape.Count..].ToArray());
    }

    /// <summary>Creates the report section.</summary>
    /// <param name="title">Title of the section.</param>
    /// <param name="caption">Text below the animation or the chart.</param>
    public Section ToSection(string title, string caption)
    {
        if (_spec is null)
        {
            return new Section(title, [new Paragraph("no steps were recorded")]);
        }

        return _spec.ObservationShape.Rank == 3
            ? new Section(title, Pictures(caption))
            : new Section(title, [Curves(), new Paragraph(caption)]);
    }

    private Block[] Pictures(string caption)
    {
        Data.Images.Picture[] shown = [.. _frames.Take(MaxFrames).Select(
            frame => ObservationPicture.Of(_spec!, frame))];
        string cut = _frames.Count > MaxFrames ? $" (the first {MaxFrames} of {_frames.Count} steps)" : "";
        return
        [
            new PictureGrid([new Reporting.Documents.Picture(PngAnimation.Encode(shown, Milliseconds), caption + cut)]),
            new PictureGrid([.. Enumerable.Range(0, Math.Min(StripFrames, _frames.Count)).Select(i =>
            {
                int step = (int)((long)i * (_frames.Count - 1) / Math.Max(1, Math.Min(StripFrames, _frames.Count) - 1));
                return new Reporting.Documents.Picture(
                    PngEncoder.Encode(ObservationPicture.Of(_spec!, _frames[step])),
                    $"step {step.ToString(CultureInfo.InvariantCulture)}");
            })]),
        ];
    }

    private ChartRow Curves() => new([new LineChart
    {
        Title = "What the agent saw", XLabel = "step", YLabel = "value",
        Lines = [.. Enumerable.Range(0, Math.Min(MaxLines, _frames[0].Length)).Select(i =>
            new ChartLine($"number {i}", [.. _frames.Select((frame, step) => new ChartPoint(step, frame[i]))]))],
    }]);
}

/// <summary>Draws observations: the channels of a grid in colors, a single channel in gray.</summary>
internal static class ObservationPicture
{
    private const int Side = 120;

    /// <summary>Distinct colors, one per channel.</summary>
    private static readonly (byte Red, byte Green, byte Blue)[] Colors =
    [
        (66, 135, 245), (245, 166, 35), (140, 140, 150), (214, 69, 65), (46, 204, 113), (155, 89, 182), (241, 196, 15),
        (26, 188, 156), (236, 112, 160), (210, 210, 220),
    ];

    internal static Data.Images.Picture Of(EnvironmentSpec spec, ReadOnlySpan<float> observation)
    {
        (int channels, int height, int width) =
            (spec.ObservationShape[0], spec.ObservationShape[1], spec.ObservationShape[2]);
        int scale = Math.Max(1, Side / width);
        byte[] pixels = new byte[height * scale * width * scale * 3];
        for (int y = 0; y < height * scale; y++)
        {
            for (int x = 0; x < width * scale; x++)
            {
                int cell = (y / scale * width) + (x / scale);
                (byte red, byte green, byte blue) =
                    channels == 1 ? Grey(observation[cell]) : Color(observation, cell, channels, height * width);
                int at = ((y * width * scale) + x) * 3;
                (pixels[at], pixels[at + 1], pixels[at + 2]) = (red, green, blue);
            }
        }

        return new Data.Images.Picture(width * scale, height * scale, 3, pixels);
    }

    private static (byte Red, byte Green, byte Blue) Grey(float value)
    {
        byte grey = (byte)Math.Clamp(MathF.Round(value * 255), 0, 255);
        return (grey, grey, grey);
    }

    /// <summary>
    /// Color of the first channel whose value is 0.5 or more, scaled by the value; background color if there is none.
    /// </summary>
    private static (byte Red, byte Green, byte Blue) Color(
        ReadOnlySpan<float> observation, int cell, int channels, int cells)
    {
        for (int channel = 0; channel < channels; channel++)
        {
            float value = Math.Clamp(observation[(channel * cells) + cell], 0, 1);
            if (value >= 0.5f)
            {
                (byte red, byte green, byte blue) = Colors[channel % Colors.Length];
                return ((byte)(red * value), (byte)(green * value), (byte)(blue * value));
            }
        }

        return (20, 22, 28);
    }
}
