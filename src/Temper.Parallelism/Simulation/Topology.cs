namespace Temper.Parallelism.Simulation;

/// <summary>A wire between two points, the same both ways.</summary>
/// <param name="First">A rank, or a switch: numbers from the number of ranks on.</param>
/// <param name="Second">The other end.</param>
/// <param name="BytesPerSecond">In each direction.</param>
/// <param name="LatencySeconds">Time before the first byte arrives.</param>
public sealed record TopologyLink(int First, int Second, double BytesPerSecond, double LatencySeconds);

/// <summary>How accelerators are wired.</summary>
public abstract class Topology
{
    private protected Topology(string name, int ranks) => (Name, Ranks) = (name, ranks);

    /// <summary>What to call it.</summary>
    public string Name { get; }

    /// <summary>Number of accelerators.</summary>
    public int Ranks { get; }

    /// <summary>One medium that all share, one message at a time.</summary>
    /// <param name="ranks">Accelerators.</param>
    /// <param name="bytesPerSecond">Of the whole medium.</param>
    /// <param name="latencySeconds">Of a message.</param>
    public static Topology Bus(int ranks, double bytesPerSecond, double latencySeconds = 0) =>
        new SharedBus(ranks, bytesPerSecond, latencySeconds);

    /// <summary>A tree of switches that follows the hierarchy: the paper's H tree.</summary>
    /// <param name="ranks">Accelerators.</param>
    /// <param name="bytesPerSecond">Of a link, each way.</param>
    /// <param name="latencySeconds">Of a link.</param>
    public static Topology HTree(int ranks, double bytesPerSecond, double latencySeconds = 0)
    {
        var links = new List<TopologyLink>();
        int[] below = [.. Enumerable.Range(0, ranks)];
        int next = ranks;
        foreach (int groups in Planning.Hierarchy.Of(ranks).Groups.Reverse())
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

    /// <summary>A torus of two dimensions, as square as the number allows.</summary>
    /// <inheritdoc cref="HTree"/>
    public static Topology Torus(int ranks, double bytesPerSecond, double latencySeconds = 0)
    {
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

    /// <summary>Any wires.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="ranks">Accelerators; they are the points 0 to <paramref name="ranks"/> - 1.</param>
    /// <param name="links">The wires.</param>
    /// <exception cref="ArgumentException">A rank cannot be reached, or a link cannot be.</exception>
    public static Topology Of(string name, int ranks, IReadOnlyList<TopologyLink> links) =>
        new Wires(name, ranks, links);

    /// <summary>
    /// Time in which every rank gets bytes from another one, all at once; messages that share a link share its
    /// bandwidth.
    /// </summary>
    /// <param name="exchanges">Of each exchange for each rank the rank that it gets bytes from.</param>
    /// <returns>For each exchange the seconds a byte of each rank takes, and seconds before the first byte.</returns>
    internal abstract (double SecondsPerByte, double Latency)[] Time(IReadOnlyList<int[]> exchanges);

    private sealed class SharedBus(int ranks, double bytesPerSecond, double latency) : Topology("bus", ranks)
    {
        internal override (double SecondsPerByte, double Latency)[] Time(IReadOnlyList<int[]> exchanges) =>
            [.. exchanges.Select(_ => (Ranks / bytesPerSecond, latency))];
    }

    /// <summary>Links between points; a message takes a path of the fewest links.</summary>
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
            // Both directions of a link are apart: 2i from its first end, 2i + 1 from its second.
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

            return [.. loads.Select((load, i) => (load.Select(
                (count, link) => count / _links[link / 2].BytesPerSecond).DefaultIfEmpty().Max(), latencies[i]))];
        }

        /// <summary>Adds one message to the links on its path; gives its latency.</summary>
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
        /// For each point the one before it on a shortest path from a start, and the link between them.
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
