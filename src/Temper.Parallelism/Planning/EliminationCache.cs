using System.Runtime.InteropServices;

namespace Temper.Parallelism.Planning;

/// <summary>
/// Cache of elimination results, keyed by their inputs. Identical blocks of a network are eliminated only once, and a
/// network that has grown by a layer reuses the results of all unchanged layers.
/// </summary>
/// <param name="cancellation">Cancels the computation.</param>
internal sealed class EliminationCache(CancellationToken cancellation = default)
{
    private readonly Dictionary<VectorKey, CostVector> _vectors = [];
    private readonly Dictionary<(int, int), CostVector> _sums = [];
    private readonly Dictionary<(int Costs, int Edge, bool IsForward), Crossing> _crossings = [];
    private readonly Dictionary<(int Costs, int Near, bool IsNearForward, int Far, bool IsFarForward), Joining>
        _joinings = [];

    private readonly Dictionary<(int, int, bool), Link> _merged = [];
    private readonly Dictionary<(double, LayerKind, LayerKind), Link> _values = [];
    private int _ids;

    internal CrossingScratch Scratch { get; } = new();

    /// <summary>Returns the vector with these costs; equal costs give the same instance.</summary>
    internal CostVector Vector(double[] costs)
    {
        var key = new VectorKey(costs);
        if (!_vectors.TryGetValue(key, out CostVector? vector))
        {
            _vectors.Add(key, vector = new CostVector(costs, _ids++));
        }

        return vector;
    }

    /// <summary>Returns a new vector that is not cached.</summary>
    internal CostVector Fresh(double[] costs) => new(costs, _ids++);

    internal CostVector Sum(CostVector a, CostVector b)
    {
        if (!_sums.TryGetValue((a.Id, b.Id), out CostVector? sum))
        {
            double[] values = new double[a.Values.Length];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = a.Values[i] + b.Values[i];
            }

            _sums.Add((a.Id, b.Id), sum = new CostVector(values, _ids++));
        }

        return sum;
    }

    /// <summary>Returns the costs of an edge of the network.</summary>
    internal Link Value(PlanCost cost, PlannedEdge edge)
    {
        (LayerKind from, LayerKind to) = cost.Kinds(edge);
        if (!_values.TryGetValue((cost.Scale(edge), from, to), out Link? link))
        {
            _values.Add((cost.Scale(edge), from, to), link = new Link(new ValueEdge(cost, edge, Scratch), _ids++));
        }

        return link;
    }

    /// <summary>Returns the costs of an edge given as a table.</summary>
    internal Link Table(TableEdge table) => new(table, _ids++);

    /// <summary>Returns the minimum cost of a layer and one edge, for each pattern of the other end.</summary>
    internal Crossing Cross(CostVector costs, Link edge, bool isForward)
    {
        if (!_crossings.TryGetValue((costs.Id, edge.Id, isForward), out Crossing? crossing))
        {
            cancellation.ThrowIfCancellationRequested();
            double[] best = new double[costs.Values.Length];
            int[] choice = new int[best.Length];
            edge.Edge.Cross(costs.Values, isForward, best, choice);
            crossing = new Crossing(new CostVector(best, _ids++), choice);
            _crossings.Add((costs.Id, edge.Id, isForward), crossing);
        }

        return crossing;
    }

    /// <summary>
    /// Returns the minimum cost of a layer and its two edges, for each pair of patterns of the other ends.
    /// </summary>
    /// <param name="costs">Costs of the layer.</param>
    /// <param name="near">The edge evaluated pair by pair.</param>
    /// <param name="isNearForward">Whether the layer is the start of <paramref name="near"/>.</param>
    /// <param name="far">The edge minimized over with <see cref="EdgeCosts.Cross"/>.</param>
    /// <param name="isFarForward">Whether the layer is the start of <paramref name="far"/>.</param>
    internal Joining Join(CostVector costs, Link near, bool isNearForward, Link far, bool isFarForward)
    {
        var key = (costs.Id, near.Id, isNearForward, far.Id, isFarForward);
        if (!_joinings.TryGetValue(key, out Joining? joining))
        {
            int count = costs.Values.Length;
            var table = new TableEdge(count);
            ushort[] choices = new ushort[count * count];
            double[] row = new double[count];
            int[] choice = new int[count];
            for (int other = 0; other < count; other++)
            {
                cancellation.ThrowIfCancellationRequested();
                for (int pattern = 0; pattern < count; pattern++)
                {
                    row[pattern] = costs.Values[pattern]
                        + (isNearForward ? near.Edge.Of(pattern, other) : near.Edge.Of(other, pattern));
                }

                far.Edge.Cross(row, isFarForward, table.Costs.AsSpan(other * count, count), choice);
                for (int i = 0; i < count; i++)
                {
                    choices[(other * count) + i] = (ushort)choice[i];
                }
            }

            _joinings.Add(key, joining = new Joining(new Link(table, _ids++), choices));
        }

        return joining;
    }

    /// <summary>Merges two edges between the same layers; the result has the start of the first one.</summary>
    internal Link Merge(Link first, Link second, bool sameDirection, int count)
    {
        if (!_merged.TryGetValue((first.Id, second.Id, sameDirection), out Link? link))
        {
            var table = new TableEdge(count);
            for (int from = 0; from < count; from++)
            {
                cancellation.ThrowIfCancellationRequested();
                for (int to = 0; to < count; to++)
                {
                    table.Costs[(from * count) + to] =
                        first.Edge.Of(from, to) + (sameDirection ? second.Edge.Of(from, to) : second.Edge.Of(to, from));
                }
            }

            _merged.Add((first.Id, second.Id, sameDirection), link = new Link(table, _ids++));
        }

        return link;
    }

    /// <summary>Costs of one layer's patterns.</summary>
    internal sealed record CostVector(double[] Values, int Id);

    /// <summary>Costs of an edge.</summary>
    internal sealed record Link(EdgeCosts Edge, int Id);

    /// <summary>Minimum costs for the patterns of the other end, and the minimizing pattern for each.</summary>
    internal sealed record Crossing(CostVector Best, int[] Choice);

    /// <summary>The edge that replaces a layer, and the layer's minimizing pattern for each pair of patterns.</summary>
    internal sealed record Joining(Link Edge, ushort[] Choices);

    private readonly struct VectorKey(double[] values) : IEquatable<VectorKey>
    {
        private readonly double[] _values = values;
        private readonly int _hash = Hash(values);

        public bool Equals(VectorKey other) => _hash == other._hash && _values.AsSpan().SequenceEqual(other._values);

        public override bool Equals(object? obj) => obj is VectorKey other && Equals(other);

        public override int GetHashCode() => _hash;

        private static int Hash(double[] values)
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(values.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
