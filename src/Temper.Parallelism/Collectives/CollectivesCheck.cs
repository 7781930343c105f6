namespace Temper.Parallelism.Collectives;

/// <summary>
/// Checks every collective call of a group of ranks against results in closed form. Every backend must pass.
/// </summary>
internal static class CollectivesCheck
{
    /// <summary>
    /// Lengths that are and are not multiples of the number of ranks, that are below it, and that exceed the size of a
    /// message that MPI libraries send eagerly.
    /// </summary>
    private static readonly int[] Lengths = [0, 1, 7, 1000, 100_003];

    /// <summary>Runs all checks. Must be called by all ranks.</summary>
    /// <returns>Names of the checks that failed on this rank; empty if all passed.</returns>
    internal static IReadOnlyList<string> Run(Communicator ranks)
    {
        var wrong = new List<string>();
        foreach (int length in Lengths)
        {
            Sums(ranks, length, wrong);
            Parts(ranks, length, wrong);
            Moves(ranks, length, wrong);
        }

        Uneven(ranks, wrong);
        Texts(ranks, wrong);
        Groups(ranks, wrong);
        Pending(ranks, wrong);
        Require(wrong, "order of sums", IsInOrder(ranks));
        ranks.Barrier();
        return wrong;
    }

    /// <summary>Whole numbers: their sums are exact in any order.</summary>
    private static float Number(int rank, int index) => (index % 97) + (100 * rank);

    private static float[] Numbers(int rank, int length) =>
        [.. Enumerable.Range(0, length).Select(i => Number(rank, i))];

    private static float[] Total(Communicator ranks, int length) =>
        [.. Enumerable.Range(0, length).Select(i => Enumerable.Range(0, ranks.Size).Sum(rank => Number(rank, i)))];

    private static void Sums(Communicator ranks, int length, List<string> wrong)
    {
        foreach (SumOrder order in Enum.GetValues<SumOrder>())
        {
            float[] values = Numbers(ranks.Rank, length);
            ranks.AllReduce(values, order);
            Require(wrong, $"all-reduce of {length}, {order}", values.AsSpan().SequenceEqual(Total(ranks, length)));
        }

        double[] doubles = [.. Numbers(ranks.Rank, length).Select(value => (double)value)];
        ranks.AllReduce(doubles);
        IEnumerable<double> total = Total(ranks, length).Select(value => (double)value);
        Require(wrong, $"all-reduce of {length} doubles", doubles.SequenceEqual(total));
    }

    private static void Parts(Communicator ranks, int length, List<string> wrong)
    {
        (int start, int count) = ranks.PartOf(length, ranks.Rank);
        float[] own = new float[count], all = new float[length];
        ranks.ReduceScatter(Numbers(ranks.Rank, length), own);
        float[] total = Total(ranks, length);
        Require(wrong, $"reduce-scatter of {length}", own.AsSpan().SequenceEqual(total.AsSpan(start, count)));
        own.CopyTo(all, start);
        ranks.AllGather(all);
        Require(wrong, $"all-gather of {length}", all.AsSpan().SequenceEqual(total));
    }

    private static void Moves(Communicator ranks, int length, List<string> wrong)
    {
        int root = ranks.Size - 1, next = (ranks.Rank + 1) % ranks.Size,
            before = (ranks.Rank + ranks.Size - 1) % ranks.Size;
        float[] values = Numbers(ranks.Rank, length), received = new float[length];
        ranks.SendReceive(values, next, received, before);
        Require(wrong, $"send-receive of {length}", received.AsSpan().SequenceEqual(Numbers(before, length)));
        ranks.Broadcast(values, root);
        Require(wrong, $"broadcast of {length}", values.AsSpan().SequenceEqual(Numbers(root, length)));
    }

    /// <summary>Rank r sends r + 2 t numbers to rank t; some ranks therefore send nothing.</summary>
    private static void Uneven(Communicator ranks, List<string> wrong)
    {
        int[] send = [.. Enumerable.Range(0, ranks.Size).Select(to => ranks.Rank + (2 * to))];
        int[] receive = [.. Enumerable.Range(0, ranks.Size).Select(from => from + (2 * ranks.Rank))];
        float[] values = [.. send.SelectMany((length, to) => Numbers((10 * ranks.Rank) + to, length))];
        float[] expected = [.. receive.SelectMany((length, from) => Numbers((10 * from) + ranks.Rank, length))];
        float[] received = new float[receive.Sum()];
        ranks.Exchange(values, send, received, receive);
        Require(wrong, "exchange", received.AsSpan().SequenceEqual(expected));
    }

    private static void Texts(Communicator ranks, List<string> wrong)
    {
        string text = ranks.Broadcast($"Rüdiger {ranks.Rank}", ranks.Size - 1);
        bool isRight = string.Equals(text, $"Rüdiger {ranks.Size - 1}", StringComparison.Ordinal);
        Require(wrong, "broadcast of a text", isRight);
        Require(wrong, "broadcast of an empty text", ranks.Broadcast("").Length == 0);
    }

    private static void Groups(Communicator ranks, List<string> wrong)
    {
        using Communicator group = ranks.Split(ranks.Rank % 2);
        float[] values = [ranks.Rank];
        group.AllReduce(values);
        int expected = Enumerable.Range(0, ranks.Size).Where(rank => rank % 2 == ranks.Rank % 2).Sum();
        Require(wrong, "split", values[0] == expected && group.Rank == ranks.Rank / 2);
    }

    /// <summary>Makes calls from two threads at the same time.</summary>
    private static void Pending(Communicator ranks, List<string> wrong)
    {
        using var thread = new CommunicationThread(ranks);
        float[][] buckets = [.. Enumerable.Range(0, 4).Select(_ => Numbers(ranks.Rank, 5000))];
        PendingCall[] calls = [.. buckets.Select(bucket => thread.Begin(group => group.AllReduce(bucket)))];
        float[] own = Numbers(ranks.Rank, 3000);
        ranks.AllReduce(own);
        Array.ForEach(calls, call => call.Wait());
        bool isRight = own.AsSpan().SequenceEqual(Total(ranks, 3000))
            && buckets.All(bucket => bucket.AsSpan().SequenceEqual(Total(ranks, 5000)));
        Require(wrong, "calls at the same time", isRight);
    }

    /// <summary>Sums numbers whose float32 sum depends on the order, and compares with a loop over the ranks.</summary>
    private static bool IsInOrder(Communicator ranks)
    {
        static float Rough(int rank, int i) => MathF.Sin((rank * 1000) + i) * MathF.Pow(10, (rank + i) % 7);
        float[] values = [.. Enumerable.Range(0, 501).Select(i => Rough(ranks.Rank, i))];
        ranks.AllReduce(values);
        float[] expected = [.. Enumerable.Range(0, 501).Select(i =>
        {
            float sum = Rough(0, i);
            for (int rank = 1; rank < ranks.Size; rank++)
            {
                sum += Rough(rank, i);
            }

            return sum;
        })];
        return values.AsSpan().SequenceEqual(expected);
    }

    private static void Require(List<string> wrong, string call, bool isRight)
    {
        if (!isRight)
        {
            wrong.Add(call);
        }
    }
}
