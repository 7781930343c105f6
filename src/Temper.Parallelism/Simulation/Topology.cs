using System.Globalization;
using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>A link between two points, with the same properties in both directions.</summary>
/// <param name="First">One end: a rank (0 to ranks - 1) or a switch (numbered from the number of ranks).</param>
/// <param name="Second">The other end.</param>
/// <param name="BytesPerSecond">Bandwidth in each direction, finite and above 0.</param>
/// <param name="LatencySeconds">Time until the first byte arrives, finite and 0 or more.</param>
public sealed record TopologyLink(int First, int Second, double BytesPerSecond, double LatencySeconds)
{
    /// <summary>Points are numbered below this.</summary>
    internal const int MaxPoints = 4 * Hierarchy.MaxAccelerators;

    /// <summary>Whether the ends are two different points, and the bandwidth and the latency are possible.</summary>
    internal bool IsPossible => First != Second
        && First is >= 0 and < MaxPoints && Second is >= 0 and < MaxPoints
        && IsBandwidth(BytesPerSecond) && IsLatency(LatencySeconds);

    internal static bool IsBandwidth(double bytesPerSecond) => bytesPerSecond is > 0 and < double.PositiveInfinity;

    internal static bool IsLatency(double seconds) => seconds is >= 0 and < double.PositiveInfinity;
}

/// <summary>The network that connects accelerators.</summary>
public abstract class Topology
{
    private protected Topology(string name, int ranks) => (Name, Ranks) = (name, ranks);

    /// <summary>Name of the topology.</summary>
    public string Name { get; }

    /// <summary>Number of accelerators.</summary>
    public int Ranks { get; }

    /// <summary>Creates a medium shared by all accelerators, with one message at a time.</summary>
    /// <param name="ranks">Number of accelerators, 1 to 4096.</param>
    /// <param name="bytesPerSecond">Bandwidth of the whole medium, finite and above 0.</param>
    /// <param name="latencySeconds">Latency of a message, finite and 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static Topology Bus(int ranks, double bytesPerSecond, double latencySeconds = 0)
    {
        Require(ranks, bytesPerSecond, latencySeconds);
        return new SharedBus(ranks, bytesPerSecond, latencySeconds);
    }

    /// <summary>Creates a tree of switches that follows the hierarchy: the paper's H tree.</summary>
    /// <param name="ranks">Number of accelerators, 1 to 4096.</param>
    /// <param name="bytesPerSecond">Bandwidth of a link in each direction, finite and above 0.</param>
    /// <param name="latencySeconds">Latency of a link, finite and 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static Topology HTree(int ranks, double bytesPerSecond, double latencySeconds = 0)
    {
        Require(ranks, bytesPerSecond, latencySeconds);
        var links = new List<TopologyLink>();
        int[] below = [.. Enumerable.Range(0, ranks)];
        int next = ranks;
        foreach (int groups in Hierarchy.Of(ranks).Groups.Reverse())
        {
            int[] above = new int[below.Length / groups];
            for (int i = 0; i < below.Length; i++)
            {
                above[i / groups] = next + (i / groups);
                links.Add(new TopologyLink(below[i], above[i / groups], bytesPerSecond, latencySeconds));
            }

            next += above.Length;
            below = above;
        }

        return new Wires("H tree", ranks, links);
    }

    /// <summary>Creates a two-dimensional torus, as nearly square as the number of accelerators allows.</summary>
    /// <inheritdoc cref="HTree"/>
    public static Topology Torus(int ranks, double bytesPerSecond, double latencySeconds = 0)
    {
        Require(ranks, bytesPerSecond, latencySeconds);
        int width = Enumerable.Range(1, (int)Math.Sqrt(ranks)).Last(side => ranks % side == 0), height = ranks / width;
        var links = new List<TopologyLink>();
        for (int rank = 0; rank < ranks; rank++)
        {
            (int y, int x) = (rank / width, rank % width);
            if (width > 2 || x + 1 < width)
            {
                AddLink(rank, (y * width) + ((x + 1) % width));
            }

            if (height > 2 || y + 1 < height)
            {
                AddLink(rank, ((y + 1) % height * width) + x);
            }
        }

        return new Wires("torus", ranks, links);

        void AddLink(int first, int second)
        {
            if (first != second)
            {
                links.Add(new TopologyLink(first, second, bytesPerSecond, latencySeconds));
            }
        }
    }

    /// <summary>Creates a topology from links.</summary>
    /// <param name="name">Name of the topology.</param>
    /// <param name="ranks">
    /// Number of accelerators, 1 to 4096; they are the points 0 to <paramref name="ranks"/> - 1.
    /// </param>
    /// <param name="links">The links.</param>
    /// <exception cref="ArgumentException">
    /// A number is out of range, a link joins a point with itself, or a rank cannot be reached from rank 0.
    /// </exception>
    public static Topology Of(string name, int ranks, IReadOnlyList<TopologyLink> links)
    {
        _ = Hierarchy.Of(ranks);
        for (int i = 0; i < links.Count; i++)
        {
            TopologyLink link = links[i];
            if (!link.IsPossible)
            {
                throw new ArgumentException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"topology: link {i} is invalid (got {link.First} to {link.Second}, {link.BytesPerSecond} bytes/s, "
                    + $"{link.LatencySeconds} s, expected two different points from 0 to {TopologyLink.MaxPoints - 1}, "
                    + $"a finite bandwidth above 0 and a finite latency of at least 0)"));
            }
        }

        return new Wires(name, ranks, links);
    }

    /// <summary>
    /// Returns the time in which every rank receives bytes from another rank, all at the same time. Messages that share
    /// a link share its bandwidth.
    /// </summary>
    /// <param name="exchanges">For each exchange: the rank from which each rank receives bytes.</param>
    /// <returns>
    /// For each exchange: the seconds per byte that each rank receives, and the seconds until the first byte.
    /// </returns>
    internal abstract (double SecondsPerByte, double Latency)[] Time(IReadOnlyList<int[]> exchanges);

    /// <summary>Throws if no topology has these properties.</summary>
    private static void Require(int ranks, double bytesPerSecond, double latencySeconds)
    {
        _ = Hierarchy.Of(ranks);
        if (!TopologyLink.IsBandwidth(bytesPerSecond))
        {
            throw new ArgumentOutOfRangeException(nameof(bytesPerSecond), string.Create(
                CultureInfo.InvariantCulture,
                $"topology: the bandwidth is out of range (got {bytesPerSecond} bytes/s, expected a finite number "
                + $"above 0)"));
        }

        if (!TopologyLink.IsLatency(latencySeconds))
        {
            throw new ArgumentOutOfRangeException(nameof(latencySeconds), string.Create(
                CultureInfo.InvariantCulture,
                $"topology: the latency is out of range (got {latencySeconds} s, expected a finite number of at least "
                + $"0)"));
        }
    }

    private sealed class SharedBus(int ranks, double bytesPerSecond, double latency) : Topology("bus", ranks)
    {
        internal override (double SecondsPerByte, double Latency)[] Time(IReadOnlyList<int[]> exchanges) =>
            [.. exchanges.Select(_ => (Ranks / bytesPerSecond, latency))];
    }

    /// <summary>Links between points. A message takes a path with the fewest links.</summary>
    private sealed class Wires : Topology
    {
        private readonly IReadOnlyList<TopologyLink> _links;
        private readonly List<(int Point, int Link)>[] _neighbors;

        internal Wires(string name, int ranks, IReadOnlyList<TopologyLink> links)
            : base(name, ranks)
        {
            int points =
                Math.Max(ranks, links.Count == 0 ? 0 : links.Max(link => Math.Max(link.First, link.Second)) + 1);
            (_links, _neighbors) = (links, [.. Enumerable.Range(0, points).Select(_ => new List<(int, int)>())]);
            for (int i = 0; i < links.Count; i++)
            {
                _neighbors[links[i].First].Add((links[i].Second, i));
                _neighbors[links[i].Second].Add((links[i].First, i));
            }

            int lost = Array.FindIndex(Paths(0), 0, ranks, step => step.From < 0);
            if (lost >= 0)
            {
                throw new ArgumentException($"topology: rank {lost} cannot be reached from rank 0 (got {links.Count} "
                    + $"links for {ranks} ranks); add the missing links");
            }
        }

        internal override (double SecondsPerByte, double Latency)[] Time(IReadOnlyList<int[]> exchanges)
        {
            // The two directions of a link are counted separately: index 2i from its first end, 2i + 1 from its second.
            int[][] loads = [.. exchanges.Select(_ => new int[2 * _links.Count])];
            double[] latencies = new double[exchanges.Count];
            for (int rank = 0; rank < Ranks; rank++)
            {
                (int From, int Link)[] paths = Paths(rank);
                for (int i = 0; i < exchanges.Count; i++)
                {
                    latencies[i] = Math.Max(latencies[i], Send(paths, exchanges[i][rank], rank, loads[i]));
                }
            }

            return [.. loads.Select((load, i) => (SecondsPerByte(load), latencies[i]))];

            double SecondsPerByte(int[] load) =>
                load.Select((count, link) => count / _links[link / 2].BytesPerSecond).DefaultIfEmpty().Max();
        }

        /// <summary>Adds one message to the links on its path and returns its latency.</summary>
        private double Send((int From, int Link)[] paths, int from, int to, int[] loads)
        {
            double latency = 0;
            for (int point = from; point != to; point = paths[point].From)
            {
                TopologyLink link = _links[paths[point].Link];
                loads[(2 * paths[point].Link) + (link.First == point ? 0 : 1)]++;
                latency += link.LatencySeconds;
            }

            return latency;
        }

        /// <summary>
        /// Returns, for each point, its predecessor on a shortest path from the start and the link between them.
        /// </summary>
        private (int From, int Link)[] Paths(int start)
        {
            var before = new (int From, int Link)[_neighbors.Length];
            Array.Fill(before, (-1, -1));
            before[start] = (start, -1);
            var queue = new Queue<int>([start]);
            while (queue.TryDequeue(out int point))
            {
                foreach ((int next, int link) in _neighbors[point])
                {
                    if (before[next].From < 0)
                    {
                        before[next] = (point, link);
                        queue.Enqueue(next);
                    }
                }
            }

            return before;
        }
    }
}
