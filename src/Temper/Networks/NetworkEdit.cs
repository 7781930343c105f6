using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Describes, for one axis of a parameter or buffer, where its indices were before an edit. Masks, optimizer state and
/// weight averages are moved in the same way.
/// </summary>
/// <param name="From">Name before the edit.</param>
/// <param name="To">Name after the edit.</param>
/// <param name="Axis">The axis that changed; 0 for a parameter of rank 0, which is moved as a whole.</param>
/// <param name="Kept">For each new index along the axis, the old index; -1: the index is new.</param>
public sealed record ParameterMove(string From, string To, int Axis, IReadOnlyList<int> Kept);

/// <summary>
/// A changed network and the moves of its parameters and buffers. Those without a move are unchanged if name and shape
/// are unchanged.
/// </summary>
/// <param name="Network">The changed network.</param>
/// <param name="Moves">The moves, in order; several moves of the same parameter are applied one after another.</param>
public sealed record NetworkEdit(Network Network, IReadOnlyList<ParameterMove> Moves)
{
    /// <summary>Creates an edit without moves: every parameter whose name and shape still exist is unchanged.</summary>
    /// <param name="network">The changed network.</param>
    public static implicit operator NetworkEdit(Network network) => new(network, []);

    /// <summary>Applies a second edit and returns both as one edit, with the moves of this one first.</summary>
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

        // A parameter moved by both edits goes from its first name to its last; a parameter that no longer exists is
        // not moved.
        IEnumerable<ParameterMove> moves =
            Moves.Select(move => move with { To = renamed.GetValueOrDefault(move.To, move.To) })
            .Concat(second.Moves.Select(move => move with { From = origins.GetValueOrDefault(move.From, move.From) }));
        return new NetworkEdit(second.Network, [.. moves.Where(move => HasOrigin(move.To))]);

        // A parameter that the second edit draws anew, without a move, has no origin.
        bool HasOrigin(string name) => second.Network.Parameters.Contains(name)
            ? second.MovesOf(name).Any() || second.SourceOf(name, Network) is not null
            : second.Network.Buffers.ContainsKey(name);
    }

    /// <summary>
    /// Throws if a move names an unknown parameter or leads to a wrong shape; optimizer state would be lost silently
    /// otherwise.
    /// </summary>
    /// <param name="before">The network before the edit.</param>
    /// <exception cref="ArgumentException">A move is invalid.</exception>
    internal void Check(Network before)
    {
        foreach (ParameterMove move in Moves)
        {
            bool isThere = (before.Parameters.Contains(move.From) && Network.Parameters.Contains(move.To))
                || (before.Buffers.ContainsKey(move.From) && Network.Buffers.ContainsKey(move.To));
            if (!isThere)
            {
                throw new ArgumentException(
                    $"NetworkEdit: a move names an unknown parameter or buffer (got '{move.From}' to '{move.To}', "
                    + "expected one that exists before the edit and one that exists after it)");
            }

            if (Network.Parameters.Contains(move.To) && SourceOf(move.To, before) is null)
            {
                throw new ArgumentException(
                    $"NetworkEdit: the moves of '{move.To}' do not lead to its shape (expected "
                    + $"{Network.Parameters[move.To].Value.Shape}); add a move for each axis that changed");
            }
        }
    }

    /// <summary>Finds the parameter of the original network that a parameter comes from; null: it is new.</summary>
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

    /// <summary>Moves values that belong to the elements of a parameter, such as optimizer state.</summary>
    /// <param name="name">Name after the edit.</param>
    /// <param name="values">One value per element of the parameter before the edit.</param>
    /// <param name="shape">Shape of the parameter before the edit.</param>
    /// <param name="added">Values of new elements, in the shape after the edit; empty: zeros.</param>
    internal float[] Moved(string name, float[] values, Shape shape, ReadOnlySpan<float> added)
    {
        // Source indices are followed through all moves, so that new elements keep the right values of `added`.
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

    /// <summary>True for a move of a parameter of rank 0, which has no axis that could change.</summary>
    private static bool IsWhole(ParameterMove move, Shape shape) => shape.Rank == 0 && move is { Axis: 0, Kept: [0] };

    private Shape MovedShape(string name, Shape shape)
    {
        foreach (ParameterMove move in MovesOf(name).Where(move => !IsWhole(move, shape)))
        {
            if (move.Axis < 0
                || move.Axis >= shape.Rank || move.Kept.Any(kept => kept < -1 || kept >= shape[move.Axis]))
            {
                throw new ArgumentException(
                    $"NetworkEdit: a move of '{name}' is out of range (got axis {move.Axis} and indices up to "
                    + $"{move.Kept.DefaultIfEmpty(-1).Max()}, expected an axis and indices of shape {shape})");
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
