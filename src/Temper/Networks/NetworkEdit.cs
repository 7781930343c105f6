using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Where the numbers of a parameter or buffer come from along one axis, so that masks, optimizer state and averages can
/// follow.
/// </summary>
/// <param name="From">Name before the edit.</param>
/// <param name="To">Name after it.</param>
/// <param name="Axis">The axis that changed; 0 for a parameter of rank 0, which moves whole.</param>
/// <param name="Kept">For each index along the axis the index that it had; -1 for one that was added.</param>
public sealed record ParameterMove(string From, string To, int Axis, IReadOnlyList<int> Kept);

/// <summary>
/// A changed network, and how its parameters moved. What is named in no move stays where name and shape stay.
/// </summary>
/// <param name="Network">The changed network.</param>
/// <param name="Moves">In the order in which they were made; several of one parameter follow each other.</param>
public sealed record NetworkEdit(Network Network, IReadOnlyList<ParameterMove> Moves)
{
    /// <summary>An edit after which every parameter whose name and shape are still there is the one it was.</summary>
    /// <param name="network">The changed network.</param>
    public static implicit operator NetworkEdit(Network network) => new(network, []);

    /// <summary>A second edit behind this one, as one edit: its moves come behind these.</summary>
    /// <param name="next">Edits the changed network.</param>
    /// <example><code>
    /// learner.Edit(net => net.WithChannels("conv1", kept).Then(narrow => narrow.Bypass("relu3")));
    /// </code></example>
    public NetworkEdit Then(Func<Network, NetworkEdit> next)
    {
        NetworkEdit second = next(Network);
        Dictionary<string, string> origins = [], renamed = [];
        foreach (ParameterMove move in Moves)
        {
            origins[move.To] = move.From;
        }

        foreach (ParameterMove move in second.Moves)
        {
            renamed[move.From] = move.To;
        }

        // What is named in both moves from where it was before the first to where it is after the second; what has gone
        // does not move.
        IEnumerable<ParameterMove> moves =
            Moves.Select(move => move with { To = renamed.GetValueOrDefault(move.To, move.To) })
            .Concat(second.Moves.Select(move => move with { From = origins.GetValueOrDefault(move.From, move.From) }));
        return new NetworkEdit(second.Network, [.. moves.Where(move => second.Network.Parameters.Contains(move.To)
            || second.Network.Buffers.ContainsKey(move.To))]);
    }

    /// <summary>
    /// Throws where a move names what is not there or gives another shape: state would be lost without a word.
    /// </summary>
    /// <param name="before">The network before the edit.</param>
    /// <exception cref="ArgumentException">A move does not fit.</exception>
    internal void Check(Network before)
    {
        foreach (ParameterMove move in Moves)
        {
            bool isThere = (before.Parameters.Contains(move.From) && Network.Parameters.Contains(move.To))
                || (before.Buffers.ContainsKey(move.From) && Network.Buffers.ContainsKey(move.To));
            if (!isThere)
            {
                throw new ArgumentException(
                    $"NetworkEdit: a move names what is not there (got '{move.From}' to '{move.To}', expected a "
                    + "parameter or buffer before the edit and one after it)");
            }

            if (Network.Parameters.Contains(move.To) && SourceOf(move.To, before) is null)
            {
                throw new ArgumentException(
                    $"NetworkEdit: the moves of '{move.To}' do not give its shape (expected "
                    + $"{Network.Parameters[move.To].Value.Shape}); name each axis that changed");
            }
        }
    }

    /// <summary>The parameter that one of the changed network was before; null: it is new.</summary>
    /// <param name="name">Name after the edit.</param>
    /// <param name="before">The network before the edit.</param>
    internal Parameter? SourceOf(string name, Network before)
    {
        string from = Moves.FirstOrDefault(move => string.Equals(move.To, name, StringComparison.Ordinal))?.From
            ?? name;
        return before.Parameters.TryGet(from, out Parameter? parameter)
            && MovedShape(name, parameter.Value.Shape).Equals(Network.Parameters[name].Value.Shape)
            ? parameter
            : null;
    }

    /// <summary>Numbers that lie beside a parameter, moved with it.</summary>
    /// <param name="name">Name after the edit.</param>
    /// <param name="values">One number an element of the parameter before.</param>
    /// <param name="shape">Shape before.</param>
    /// <param name="added">Numbers for what was added, of the shape after; empty: zeros.</param>
    internal float[] Moved(string name, float[] values, Shape shape, ReadOnlySpan<float> added)
    {
        // Where each number comes from is followed through all moves, so that what was added keeps its place among the
        // new elements.
        int[] sources = [.. Enumerable.Range(0, values.Length)];
        foreach (ParameterMove move in MovesOf(name).Where(move => !IsWhole(move, shape)))
        {
            sources = Gathered(sources, shape, move);
            shape = shape.With(move.Axis, move.Kept.Count);
        }

        float[] moved = new float[sources.Length];
        for (int i = 0; i < moved.Length; i++)
        {
            moved[i] = sources[i] >= 0 ? values[sources[i]] : added.IsEmpty ? 0 : added[i];
        }

        return moved;
    }

    private IEnumerable<ParameterMove> MovesOf(string name) =>
        Moves.Where(move => string.Equals(move.To, name, StringComparison.Ordinal));

    /// <summary>A parameter of rank 0 has no axis along which it could change.</summary>
    private static bool IsWhole(ParameterMove move, Shape shape) => shape.Rank == 0 && move is { Axis: 0, Kept: [0] };

    private Shape MovedShape(string name, Shape shape)
    {
        foreach (ParameterMove move in MovesOf(name).Where(move => !IsWhole(move, shape)))
        {
            if (move.Axis < 0
                || move.Axis >= shape.Rank || move.Kept.Any(kept => kept < -1 || kept >= shape[move.Axis]))
            {
                throw new ArgumentException(
                    $"NetworkEdit: a move of '{name}' does not fit (got axis {move.Axis}, indices up to "
                    + $"{move.Kept.DefaultIfEmpty(-1).Max()}, expected those of {shape})");
            }

            shape = shape.With(move.Axis, move.Kept.Count);
        }

        return shape;
    }

    private static int[] Gathered(int[] sources, Shape shape, ParameterMove move)
    {
        int inner = shape.CountOf(move.Axis + 1, shape.Rank), length = shape[move.Axis],
            outer = shape.CountOf(0, move.Axis);
        int[] gathered = new int[outer * move.Kept.Count * inner];
        int at = 0;
        for (int o = 0; o < outer; o++)
        {
            foreach (int kept in move.Kept)
            {
                for (int i = 0; i < inner; i++)
                {
                    gathered[at++] = kept < 0 ? -1 : sources[(((o * length) + kept) * inner) + i];
                }
            }
        }

        return gathered;
    }
}
