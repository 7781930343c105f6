using System.Globalization;
using Temper.Formats;

namespace Temper.Reinforcement.Environments.Grids;

/// <summary>An episode recorded by another program.</summary>
/// <param name="Name">Name of the episode in the file.</param>
/// <param name="Observations">
/// Observations as bits, channel by channel and row by row; one more than there are actions.
/// </param>
/// <param name="Actions">Action of each step.</param>
/// <param name="Rewards">Reward of each step.</param>
/// <param name="Terminals">True where the episode ended with the step.</param>
public sealed record RecordedEpisode(
    string Name, IReadOnlyList<bool[]> Observations, IReadOnlyList<GridAction> Actions, IReadOnlyList<float> Rewards,
    IReadOnlyList<bool> Terminals);

/// <summary>Result of a replay.</summary>
/// <param name="Episodes">Number of episodes.</param>
/// <param name="Steps">Number of steps that match.</param>
/// <param name="Difference">The first step that does not match; null: all match.</param>
public sealed record ReplayResult(int Episodes, int Steps, ReplayDifference? Difference);

/// <summary>The first difference between a recording and the rules.</summary>
/// <param name="Episode">Name of the episode.</param>
/// <param name="Step">Index of the step, from 0.</param>
/// <param name="What">Description of the difference.</param>
public sealed record ReplayDifference(string Episode, int Step, string What);

/// <summary>
/// Checks the rules of a game against recorded episodes. If the rules draw random numbers, all possible draws are
/// enumerated, and the states consistent with the recording are kept. A step matches if at least one sequence of draws
/// explains the recording up to that step. Without random draws the comparison is exact.
/// </summary>
public static class TraceReplay
{
    /// <summary>
    /// Maximum number of states tracked at the same time; far more than the hidden draws of these games can produce.
    /// </summary>
    private const int MaxStates = 20_000;

    /// <summary>
    /// Reads episodes from the arrays <c>epN.states_packed</c>, <c>epN.actions</c>, <c>epN.rewards</c>,
    /// <c>epN.terminals</c> and <c>channels</c>.
    /// </summary>
    /// <param name="path">Path of an npz archive.</param>
    /// <param name="game">The game that the episodes must be from.</param>
    /// <exception cref="ModelFormatException">The file is not an npz archive, or is damaged.</exception>
    /// <exception cref="InvalidDataException">The arrays are not a trace, or are from another game.</exception>
    public static IReadOnlyList<RecordedEpisode> Read(string path, GridGame game) => TraceFile.Read(path, game);

    /// <summary>Replays episodes and stops at the first difference.</summary>
    /// <param name="game">Rules of the game.</param>
    /// <param name="episodes">Episodes returned by <see cref="Read"/>.</param>
    public static ReplayResult Run(GridGame game, IReadOnlyList<RecordedEpisode> episodes)
    {
        int steps = 0;
        foreach (RecordedEpisode episode in episodes)
        {
            (int agreed, string? difference) = Run(game, episode);
            steps += agreed;
            if (difference is not null)
            {
                return new ReplayResult(episodes.Count, steps, new ReplayDifference(episode.Name, agreed, difference));
            }
        }

        return new ReplayResult(episodes.Count, steps, null);
    }

    private static (int Steps, string? Difference) Run(GridGame game, RecordedEpisode episode)
    {
        bool[] seen = new bool[game.Channels.Count * GridGame.Cells];
        GridGame scratch = game.New();
        var states = new HashSet<int[]>(StateComparer.Instance);
        Each(scratch, null, episode.Observations[0], seen, reset: true, (outcome, isSame) =>
            Keep(states, scratch, isSame));
        if (states.Count == 0)
        {
            return (0, $"the first observation: {Describe(game, seen, episode.Observations[0])}");
        }

        for (int step = 0; step < episode.Actions.Count; step++)
        {
            (states, string difference) = After(states, scratch, episode, step, seen);
            if (states.Count == 0)
            {
                return (step, $"action {GridEnvironment.NameOf(episode.Actions[step])}: {difference}");
            }

            if (states.Count > MaxStates)
            {
                throw new InvalidDataException($"replay: {episode.Name} has more than {MaxStates} possible states at "
                    + $"step {step}; it cannot be checked");
            }
        }

        return (episode.Actions.Count, null);
    }

    /// <summary>Returns the states that a recorded step can lead to.</summary>
    /// <param name="states">The possible states before the step.</param>
    /// <param name="scratch">A game that is used to try the steps.</param>
    /// <param name="episode">The recording.</param>
    /// <param name="step">Index of the step.</param>
    /// <param name="seen">Buffer for an observation.</param>
    /// <returns>The states that match the recording, and the last difference to it; empty: none.</returns>
    private static (HashSet<int[]> States, string Difference) After(
        HashSet<int[]> states, GridGame scratch, RecordedEpisode episode, int step, bool[] seen)
    {
        var next = new HashSet<int[]>(StateComparer.Instance);
        string difference = "";
        foreach (int[] state in states)
        {
            Each(scratch, state, episode.Observations[step + 1], seen, reset: false, (outcome, isSame) =>
            {
                bool agrees = isSame
                    && outcome.Reward == episode.Rewards[step]
                    && outcome.IsTerminated == episode.Terminals[step];
                Keep(next, scratch, agrees);
                difference = agrees ? difference : Difference(scratch, episode, step, outcome, isSame, seen);
            }, episode.Actions[step]);
        }

        return (next, difference);
    }

    /// <summary>Runs a reset or a step from one state with every possible sequence of draws.</summary>
    private static void Each(
        GridGame game, int[]? from, bool[] expected, bool[] seen, bool reset, Action<StepOutcome, bool> visit,
        GridAction action = GridAction.None)
    {
        var draws = new TriedDraws(game.DrawsThatLeadTo(expected));
        do
        {
            draws.Begin();
            from?.CopyTo(game.State, 0);
            StepOutcome outcome = default;
            if (reset)
            {
                game.Reset(draws);
            }
            else
            {
                outcome = game.Step(action, draws);
            }

            Show(game, seen);
            visit(outcome, seen.AsSpan().SequenceEqual(expected));
        }
        while (draws.MoveNext());
    }

    private static void Keep(HashSet<int[]> states, GridGame game, bool agrees)
    {
        if (agrees)
        {
            states.Add([.. game.State]);
        }
    }

    private static void Show(GridGame game, bool[] seen)
    {
        Span<ushort> cells = stackalloc ushort[16 * GridGame.Cells];
        var writer = new CellWriter(cells);
        game.Draw(ref writer);
        Array.Clear(seen);
        foreach (ushort cell in cells[..writer.Count])
        {
            seen[cell] = true;
        }
    }

    private static string Difference(
        GridGame game, RecordedEpisode episode, int step, StepOutcome outcome, bool isSame, bool[] seen) =>
        !isSame ? Describe(game, seen, episode.Observations[step + 1])
        : outcome.Reward != episode.Rewards[step]
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"the reward differs (got {outcome.Reward}, recorded {episode.Rewards[step]})")
        : $"the end differs (got {outcome.IsTerminated}, recorded {episode.Terminals[step]})";

    private static string Describe(GridGame game, bool[] seen, bool[] expected)
    {
        int[] cells = [.. Enumerable.Range(0, seen.Length).Where(i => seen[i] != expected[i])];
        if (cells.Length == 0)
        {
            return "no sequence of random draws reproduces it";
        }

        int first = cells[0], index = first % GridGame.Cells;
        return $"{cells.Length} cells differ, the first: {game.Channels[first / GridGame.Cells]} at row "
            + $"{index / GridGame.Size}, column {index % GridGame.Size} "
            + $"(got {(seen[first] ? 1 : 0)}, recorded {(expected[first] ? 1 : 0)})";
    }

    /// <summary>Compares states by their values.</summary>
    private sealed class StateComparer : IEqualityComparer<int[]>
    {
        internal static StateComparer Instance { get; } = new();

        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] state)
        {
            var hash = new HashCode();
            hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(state));
            return hash.ToHashCode();
        }
    }
}

/// <summary>Enumerates all sequences of draws, varying the last draw fastest, or uses one known sequence.</summary>
/// <param name="known">The only sequence to use; null: enumerate all.</param>
internal sealed class TriedDraws(IReadOnlyList<int>? known) : IDraws
{
    private readonly List<(int Value, int Below)> _drawn = [];
    private int _index;

    public int Next(int below)
    {
        if (known is not null)
        {
            return _index < known.Count ? Math.Min(known[_index++], below - 1) : 0;
        }

        if (_index == _drawn.Count)
        {
            _drawn.Add((0, below));
        }

        return _drawn[_index++].Value;
    }

    /// <summary>Starts a run with the current sequence.</summary>
    internal void Begin() => _index = 0;

    /// <summary>Advances to the next sequence.</summary>
    /// <returns>False if all sequences have been used.</returns>
    internal bool MoveNext()
    {
        while (_drawn.Count > 0)
        {
            (int value, int below) = _drawn[^1];
            _drawn.RemoveAt(_drawn.Count - 1);
            if (value + 1 < below)
            {
                _drawn.Add((value + 1, below));
                return true;
            }
        }

        return false;
    }
}
