using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Formats;
using Temper.Tensors;

namespace Temper.Snooping.Logs;

/// <summary>Checks the arrays of a saved log and converts them to a log.</summary>
/// <param name="arrays">The arrays of the archive, by name.</param>
/// <param name="path">Path of the archive, for messages.</param>
internal sealed class SnoopLogReader(IReadOnlyDictionary<string, Tensor> arrays, string path)
{
    private const string RecordAgain = "record it again with temper rl record, or SnoopRecorder in code";

    /// <summary>Returns the log; throws <see cref="ModelFormatException"/> if the archive is damaged.</summary>
    internal IStateLog Read()
    {
        (ThreatModel threat, StreamInfo stream) = ReadInfo(Vector(SnoopLogFile.Info, DType.UInt8).ToArray<byte>());
        Tensor observations = ReadObservations(stream);
        RequireSignals(threat);
        int count = observations.Shape[0];
        var steps = new RecordedSteps(
            SnoopLogFile.Unpacked(observations),
            [.. Column<byte>(SnoopLogFile.Firsts, DType.UInt8, count).Select(first => first != 0)],
            threat.HasActions()
                ? [.. Column<long>(SnoopLogFile.Actions, DType.Int64, count).Select(
                    action => action is >= 0 and <= int.MaxValue ? (int)action : -1)]
                : [],
            threat.HasRewards() ? Column<float>(SnoopLogFile.Rewards, DType.Float32, count) : []);
        return steps.Observations.All(float.IsFinite)
            && steps.Rewards.All(float.IsFinite)
            && steps.Actions.All(action => action >= 0 && action < stream.ActionLimit)
            ? StateLog.Of(stream, threat, steps)
            : throw Damaged("an observation or reward is not finite, or an action is out of range");
    }

    private (ThreatModel Threat, StreamInfo Stream) ReadInfo(byte[] bytes)
    {
        try
        {
            JsonNode info = JsonNode.Parse(bytes)!;
            int[] shape = [.. info["shape"]!.AsArray().Select(axis => (int)axis!)];
            int frames = (int)info["frames"]!, actions = (int)info["actions"]!;
            return shape.Length is 0 or > 4
                || shape.Any(axis => axis is < 1 or > 1 << 20)
                || frames is < 1 or > 64
                || actions is < 0 or > StreamInfo.MostActions
                ? throw new FormatException("a shape or count is out of range")
                : (ThreatModels.Parse((string)info["threat"]!), new StreamInfo(
                    Shape.Create(shape), frames, (float?)info["minimum"] ?? float.NegativeInfinity,
                    (float?)info["maximum"] ?? float.PositiveInfinity, actions, (string)info["source"]!));
        }
        catch (Exception e) when (e is JsonException or FormatException
            or InvalidOperationException or NullReferenceException or ArgumentException or OverflowException)
        {
            throw new ModelFormatException(
                path, $"snooping log: its description is damaged ({e.Message}); {RecordAgain}", e);
        }
    }

    private Tensor ReadObservations(StreamInfo stream)
    {
        Tensor observations = arrays.GetValueOrDefault(SnoopLogFile.Observations)
            ?? throw Damaged($"the array '{SnoopLogFile.Observations}' is missing");
        bool isRight = observations.Rank > 0
            && observations.Shape[0] > 0
            && observations.Shape.AsSpan()[1..].SequenceEqual(stream.FrameShape.AsSpan())
            && observations.DType is DType.UInt8 or DType.Float32;
        return isRight
            ? observations
            : throw Damaged($"observations have the wrong type or shape (got {observations.DType} "
                + $"{observations.Shape}, expected uint8 or float32 [N, {string.Join(", ", stream.FrameShape)}] with N "
                + "of 1 or more)");
    }

    private void RequireSignals(ThreatModel threat)
    {
        if (arrays.ContainsKey(SnoopLogFile.Actions) != threat.HasActions()
            || arrays.ContainsKey(SnoopLogFile.Rewards) != threat.HasRewards())
        {
            throw Damaged($"the arrays are not those of threat model {threat} ({threat.Describe()}; got "
                + $"{string.Join(", ", arrays.Keys.Order(StringComparer.Ordinal))})");
        }
    }

    /// <summary>Returns the values of a signal, one per step.</summary>
    private T[] Column<T>(string name, DType dtype, int count)
        where T : unmanaged
    {
        Tensor values = Vector(name, dtype);
        return values.Count == count
            ? values.ToArray<T>()
            : throw Damaged(string.Create(CultureInfo.InvariantCulture,
                $"the lengths of '{name}' and the observations differ (got {values.Count}, expected {count})"));
    }

    private Tensor Vector(string name, DType dtype) =>
        arrays.TryGetValue(name, out Tensor? array) && array.DType == dtype && array.Rank == 1
        ? array
        : throw Damaged($"a one-dimensional array '{name}' of {dtype} is missing");

    private ModelFormatException Damaged(string what) => new(path, $"snooping log: {what}; {RecordAgain}");
}
