using Temper.Formats.Npz;
using Temper.Tensors;

namespace Temper.Reinforcement.Environments.Grids;

/// <summary>Reads recorded episodes of grid games from an npz archive.</summary>
internal static class TraceFile
{
    /// <summary>Maximum size of one uncompressed array in bytes; enough for an hour of play.</summary>
    private const long MaxBytes = 64L * 1024 * 1024;

    internal static IReadOnlyList<RecordedEpisode> Read(string path, GridGame game)
    {
        IReadOnlyDictionary<string, Tensor> arrays = NpzFile.Load(path, MaxBytes);
        int channels = game.Channels.Count;
        if (arrays.TryGetValue("channels", out Tensor? named)
            && (named.Count != 1 || named.DType != DType.Int64 || named.AsSpan<long>()[0] != channels))
        {
            throw Damaged(path, $"the observations are not those of {game.Name} (expected {channels} channels)");
        }

        string[] names = [.. arrays.Keys.Where(key =>
            key.EndsWith(".actions", StringComparison.Ordinal)).Select(key => key[..^8]).Order(StringComparer.Ordinal)];
        return names.Length > 0
            ? [.. names.Select(name => Read(path, name, arrays, channels))]
            : throw Damaged(path, "the file contains no episodes (expected ep0.actions)");
    }

    private static RecordedEpisode Read(
        string path, string name, IReadOnlyDictionary<string, Tensor> arrays, int channels)
    {
        int[] actions = [.. Array(path, arrays, $"{name}.actions", DType.UInt8).AsSpan<byte>().ToArray().Select(
            action => (int)action)];
        float[] rewards = Array(path, arrays, $"{name}.rewards", DType.Float32).ToArray<float>();
        bool[] terminals = Array(path, arrays, $"{name}.terminals", DType.Bool).ToArray<bool>();
        Tensor packed = Array(path, arrays, $"{name}.states_packed", DType.UInt8);
        int bits = channels * GridGame.Cells, bytes = (bits + 7) / 8;
        if (packed.Rank != 2 || packed.Shape[0] != actions.Length + 1 || packed.Shape[1] != bytes)
        {
            throw Damaged(path, $"{name}.states_packed has the wrong shape (got {packed.Shape}, expected "
                + $"[{actions.Length + 1}, {bytes}])");
        }

        if (rewards.Length != actions.Length || terminals.Length != actions.Length)
        {
            throw Damaged(path, $"{name}: lengths differ (got {actions.Length} actions, {rewards.Length} rewards, "
                + $"{terminals.Length} terminals)");
        }

        if (actions.Any(action => action > (int)GridAction.Fire) || rewards.Any(reward => !float.IsFinite(reward)))
        {
            throw Damaged(path, $"{name}: an action is not in 0 to 5, or a reward is not finite");
        }

        byte[] all = packed.ToArray<byte>();
        bool[][] observations = [.. Enumerable.Range(0, actions.Length + 1).Select(
            i => Unpacked(all.AsSpan(i * bytes, bytes), channels))];
        return new RecordedEpisode(
            name, observations, [.. actions.Select(action => (GridAction)action)], rewards, terminals);
    }

    /// <summary>
    /// Unpacks bits in the order row, column, channel (highest bit of a byte first) to the order channel, row, column.
    /// </summary>
    private static bool[] Unpacked(ReadOnlySpan<byte> packed, int channels)
    {
        bool[] cells = new bool[channels * GridGame.Cells];
        for (int i = 0; i < cells.Length; i++)
        {
            cells[((i % channels) * GridGame.Cells) + (i / channels)] = ((packed[i >> 3] >> (7 - (i & 7))) & 1) != 0;
        }

        return cells;
    }

    private static Tensor Array(string path, IReadOnlyDictionary<string, Tensor> arrays, string name, DType type) =>
        !arrays.TryGetValue(name, out Tensor? array) ? throw Damaged(path, $"{name} is missing")
        : array.DType != type
            ? throw Damaged(path, $"{name} has the wrong type (got {array.DType}, expected {type})")
        : array;

    private static InvalidDataException Damaged(string path, string what) => new($"{path}: trace: {what}");
}
