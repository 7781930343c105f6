using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Tensors;

namespace Temper.Snooping.Logs;

/// <summary>
/// Saves and loads logs as npz archives with these arrays: <c>observations</c>, float32 <c>[N, ...]</c> (uint8 if all
/// values are multiples of 1/255); <c>firsts</c>, uint8 <c>[N]</c>; <c>actions</c>, int64 <c>[N]</c>; <c>rewards</c>,
/// float32 <c>[N]</c>; and <c>info</c>, UTF-8 JSON stored as uint8. <c>actions</c> and <c>rewards</c> are present only
/// if the threat model includes them.
/// </summary>
public static class SnoopLogFile
{
    private const string Observations = "observations", Firsts = "firsts", Actions = "actions", Rewards = "rewards",
        Info = "info";

    /// <summary>Saves a log atomically: either the whole file is written or none.</summary>
    /// <param name="log">The log to save.</param>
    /// <param name="path">Path of the archive.</param>
    public static void Save(IStateLog log, string path)
    {
        int size = log.Stream.FrameShape.Count;
        float[] values = new float[log.Count * size];
        byte[] firsts = new byte[log.Count];
        for (int i = 0; i < log.Count; i++)
        {
            log.Observation(i).CopyTo(values.AsSpan(i * size));
            firsts[i] = log.IsFirst(i) ? (byte)1 : (byte)0;
        }

        var arrays = new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            [Observations] = Packed(values, [log.Count, .. log.Stream.FrameShape.AsSpan()]),
            [Firsts] = Tensor.From(firsts, [log.Count]),
        };
        if (log is IActionLog actions)
        {
            arrays[Actions] = Tensor.From<long>(
                [.. Enumerable.Range(0, log.Count).Select(i => (long)actions.Action(i))], [log.Count]);
        }

        if (log is IRewardLog rewards)
        {
            arrays[Rewards] =
                Tensor.From<float>([.. Enumerable.Range(0, log.Count).Select(rewards.Reward)], [log.Count]);
        }

        byte[] info = Encoding.UTF8.GetBytes(Describe(log).ToJsonString());
        arrays[Info] = Tensor.From(info, [info.Length]);
        NpzFile.Save(path, arrays);
    }

    /// <summary>Loads a log. The returned type exposes only the signals of the log's threat model.</summary>
    /// <param name="path">Path of an archive written by <see cref="Save"/>.</param>
    /// <exception cref="ModelFormatException">
    /// The file is damaged, or its arrays are not those of its threat model.
    /// </exception>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    public static IStateLog Load(string path)
    {
        IReadOnlyDictionary<string, Tensor> arrays = NpzFile.Load(path);
        (ThreatModel threat, StreamInfo stream) = ReadInfo(Array(Info, DType.UInt8).ToArray<byte>(), path);
        Tensor observations = arrays.GetValueOrDefault(Observations)
            ?? throw Damaged($"the array '{Observations}' is missing");
        int count = observations.Rank > 0 ? observations.Shape[0] : 0;
        if (count == 0 || !observations.Shape.AsSpan()[1..].SequenceEqual(stream.FrameShape.AsSpan())
            || observations.DType is not (DType.UInt8 or DType.Float32))
        {
            throw Damaged($"observations have the wrong type or shape (got {observations.DType} "
                + $"{observations.Shape}, expected uint8 or float32 [N, {string.Join(", ", stream.FrameShape)}] with N "
                + "of 1 or more)");
        }

        if (arrays.ContainsKey(Actions) != threat.HasActions() || arrays.ContainsKey(Rewards) != threat.HasRewards())
        {
            throw Damaged($"the arrays are not those of threat model {threat} ({threat.Describe()}; got "
                + $"{string.Join(", ", arrays.Keys.Order(StringComparer.Ordinal))})");
        }

        var steps = new RecordedSteps(
            Unpacked(observations), [.. Column<byte>(Firsts, DType.UInt8, isThere: true).Select(first => first != 0)],
            [.. Column<long>(Actions, DType.Int64, threat.HasActions()).Select(
                action => action is >= 0 and <= int.MaxValue ? (int)action : -1)],
            Column<float>(Rewards, DType.Float32, threat.HasRewards()));
        return steps.Observations.All(float.IsFinite)
            && steps.Rewards.All(float.IsFinite)
            && steps.Actions.All(action => action >= 0 && (stream.Actions == 0 || action < stream.Actions))
            ? StateLog.Of(stream, threat, steps)
            : throw Damaged("an observation or reward is not finite, or an action is out of range");

        Tensor Array(string name, DType dtype) =>
            arrays.TryGetValue(name, out Tensor? array) && array.DType == dtype && array.Rank == 1
            ? array
            : throw Damaged($"a one-dimensional array '{name}' of {dtype} is missing");

        T[] Column<T>(string name, DType dtype, bool isThere)
            where T : unmanaged => !isThere ? [] : Array(name, dtype) is { } array && array.Count == count
            ? array.ToArray<T>()
            : throw Damaged($"the lengths of '{name}' and the observations differ (got {arrays[name].Count}, "
                + $"expected {count})");

        ModelFormatException Damaged(string what) =>
            new(path, 0, $"snooping log: {what}; record it again with temper rl record");
    }

    private static JsonObject Describe(IStateLog log) => new()
    {
        ["threat"] = $"{log.Threat}",
        ["shape"] = new JsonArray([.. log.Stream.FrameShape.Select(axis => (JsonNode)axis)]),
        ["frames"] = log.Stream.Frames,
        ["minimum"] = float.IsFinite(log.Stream.Minimum) ? log.Stream.Minimum : null,
        ["maximum"] = float.IsFinite(log.Stream.Maximum) ? log.Stream.Maximum : null,
        ["actions"] = log.Stream.Actions, ["source"] = log.Stream.Source,
    };

    private static (ThreatModel Threat, StreamInfo Stream) ReadInfo(byte[] bytes, string path)
    {
        try
        {
            JsonNode info = JsonNode.Parse(bytes)!;
            int[] shape = [.. info["shape"]!.AsArray().Select(axis => (int)axis!)];
            int frames = (int)info["frames"]!, actions = (int)info["actions"]!;
            return shape.Length is 0 or > 4
                || shape.Any(axis => axis is < 1 or > 1 << 20)
                || frames is < 1 or > 64
                || actions is < 0 or > 1 << 20
                ? throw new FormatException("a shape or count is out of range")
                : (ThreatModels.Parse((string)info["threat"]!), new StreamInfo(
                    Shape.Create(shape), frames, (float?)info["minimum"] ?? float.NegativeInfinity,
                    (float?)info["maximum"] ?? float.PositiveInfinity, actions, (string)info["source"]!));
        }
        catch (Exception e) when (e is JsonException or FormatException
            or InvalidOperationException or NullReferenceException or ArgumentException or OverflowException)
        {
            throw new ModelFormatException(path, 0, $"snooping log: its description is damaged ({e.Message}); record "
                + "it again with temper rl record", e);
        }
    }

    /// <summary>Converts values to bytes if this loses nothing: most observations are images or grids.</summary>
    private static Tensor Packed(float[] values, Shape shape) =>
        values.All(value => value is >= 0 and <= 1 && MathF.Round(value * 255) / 255f == value)
        ? Tensor.From<byte>([.. values.Select(value => (byte)MathF.Round(value * 255))], shape)
        : Tensor.From(values, shape);

    private static float[] Unpacked(Tensor observations) => observations.DType == DType.UInt8
        ? [.. observations.ToArray<byte>().Select(value => value / 255f)]
        : observations.ToArray<float>();
}
