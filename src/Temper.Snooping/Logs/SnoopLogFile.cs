using System.Text;
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
    internal const string Observations = "observations", Firsts = "firsts", Actions = "actions", Rewards = "rewards",
        Info = "info";

    /// <summary>Saves a log atomically: either the whole file is written or none.</summary>
    /// <param name="log">The log to save.</param>
    /// <param name="path">Path of the archive.</param>
    /// <exception cref="ArgumentException">The log has no steps; nothing is written.</exception>
    public static void Save(IStateLog log, string path)
    {
        if (log.Count == 0)
        {
            throw new ArgumentException(
                "SnoopLogFile: the log has no steps (got 0, expected 1 or more); record more", nameof(log));
        }

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
    public static IStateLog Load(string path) => new SnoopLogReader(NpzFile.Load(path), path).Read();

    internal static float[] Unpacked(Tensor observations) => observations.DType == DType.UInt8
        ? [.. observations.ToArray<byte>().Select(value => value / 255f)]
        : observations.ToArray<float>();

    private static JsonObject Describe(IStateLog log) => new()
    {
        ["threat"] = $"{log.Threat}",
        ["shape"] = new JsonArray([.. log.Stream.FrameShape.Select(axis => (JsonNode)axis)]),
        ["frames"] = log.Stream.Frames,
        ["minimum"] = float.IsFinite(log.Stream.Minimum) ? log.Stream.Minimum : null,
        ["maximum"] = float.IsFinite(log.Stream.Maximum) ? log.Stream.Maximum : null,
        ["actions"] = log.Stream.Actions, ["source"] = log.Stream.Source,
    };

    /// <summary>Converts values to bytes if this loses nothing: most observations are images or grids.</summary>
    private static Tensor Packed(float[] values, Shape shape) =>
        values.All(value => value is >= 0 and <= 1 && MathF.Round(value * 255) / 255f == value)
        ? Tensor.From<byte>([.. values.Select(value => (byte)MathF.Round(value * 255))], shape)
        : Tensor.From(values, shape);
}
