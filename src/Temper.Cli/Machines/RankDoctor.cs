using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;

namespace Temper.Cli;

/// <summary>
/// <c>temper doctor --mpi</c>: reports the MPI library in use, checks its collective operations and measures the speed
/// of messages between ranks.
/// </summary>
internal static class RankDoctor
{
    internal static int Run(CommandContext context)
    {
        MpiLaunch? launch = MpiLaunch.Current;
        using MpiRanks mpi = MpiRanks.TryOpen(launch) ?? throw RankGroup.Missing(launch);
        Communicator world = mpi.World;
        RequireRight(mpi);
        var probe = new LinkProbe(world, context.Time);
        var speed = new LinkSpeed(
            probe.Seconds(200, () => PingPong(world)) / 2, probe.AllReduce(LinkProbe.Small, 100),
            probe.AllReduce(LinkProbe.Large, 10), probe.AllReduce(LinkProbe.Small, 100, SumOrder.Engine),
            probe.AllReduce(LinkProbe.Large, 10, SumOrder.Engine));
        if (world.Rank > 0)
        {
            return ExitCode.Success;
        }

        if (context.IsJson)
        {
            JsonResult.Write("doctor", new JsonObject { ["mpi"] = Json(mpi, speed) });
        }
        else
        {
            Table(mpi, launch, speed).Write(context.Terminal);
        }

        return ExitCode.Success;
    }

    private static JsonObject Json(MpiRanks mpi, LinkSpeed speed)
    {
        bool isAlone = mpi.World.Size == 1;
        return new JsonObject
        {
            ["library"] = mpi.Version,
            ["file"] = mpi.File,
            ["handles"] = mpi.Handles,
            ["thread_level"] = mpi.ThreadLevel,
            ["ranks"] = mpi.World.Size,
            ["latency_us"] = isAlone ? null : Math.Round(speed.Latency * 1e6, 2),
            ["all_reduce_4kb_us"] = isAlone ? null : Math.Round(speed.Small * 1e6, 1),
            ["all_reduce_4mb_ms"] = isAlone ? null : Math.Round(speed.Large * 1e3, 3),
            ["all_reduce_4kb_engine_us"] = isAlone ? null : Math.Round(speed.EngineSmall * 1e6, 1),
            ["all_reduce_4mb_engine_ms"] = isAlone ? null : Math.Round(speed.EngineLarge * 1e3, 3),
            ["gigabytes_per_second"] = isAlone ? null : Math.Round(speed.Rate(mpi.World.Size), 3),
        };
    }

    private static ResultTable Table(MpiRanks mpi, MpiLaunch? launch, LinkSpeed speed)
    {
        int size = mpi.World.Size;
        string threads = mpi.ThreadLevel >= MpiRanks.AnyThread
            ? $"any at the same time ({mpi.ThreadLevel})"
            : $"one at a time ({mpi.ThreadLevel}): train --plan refuses it; use a build with MPI_THREAD_MULTIPLE";
        string ranks = launch is null
            ? "1 (start with mpirun -n 2 to measure between ranks)"
            : $"{size}, {launch.LocalSize} on this machine";
        ResultTable table = new ResultTable("MPI", "what", "here")
            .Row("library", $"{mpi.Version} ({mpi.File})")
            .Row("handles", mpi.Handles)
            .Row("threads", threads)
            .Row("calls", "all results are correct")
            .Row("UCX signal handlers", "switched off (UCX_ERROR_SIGNALS)")
            .Row("ranks", ranks);
        if (size == 1)
        {
            return table;
        }

        string small = Text($"{speed.Small * 1e6:F0} us summed in rank order, ")
            + Text($"{speed.EngineSmall * 1e6:F0} us in the library's order");
        string large = Text($"{speed.Large * 1e3:F2} ms summed in rank order, ")
            + Text($"{speed.EngineLarge * 1e3:F2} ms in the library's order; {speed.Rate(size):F2} GB/s");
        return table.Row("latency", Text($"{speed.Latency * 1e6:F1} us between ranks 0 and 1"))
            .Row("all-reduce of 4 KB", small)
            .Row("all-reduce of 4 MB", large);
    }

    /// <summary>
    /// Checks the result of every collective operation; reports an error and ends all ranks if one is wrong.
    /// </summary>
    private static void RequireRight(MpiRanks mpi)
    {
        IReadOnlyList<string> wrong = CollectivesCheck.Run(mpi.World);
        if (wrong.Count > 0)
        {
            Terminal.Error($"MPI: {mpi.Version} gives wrong results on rank {mpi.World.Rank} "
                + $"(in {string.Join(", ", wrong)}); use another library");
            mpi.Abort(ExitCode.Unexpected);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void PingPong(Communicator world)
    {
        Span<float> one = stackalloc float[1], other = stackalloc float[1];
        if (world.Rank < 2 && world.Size > 1)
        {
            // One round trip: each rank waits for the other.
            world.SendReceive(one, 1 - world.Rank, other, 1 - world.Rank);
            world.SendReceive(one, 1 - world.Rank, other, 1 - world.Rank);
        }
    }

    /// <summary>Durations of messages between ranks, in seconds.</summary>
    /// <param name="Latency">Time to send one number from one rank to another.</param>
    /// <param name="Small">Time of an all-reduce of 4 KB, summed in rank order.</param>
    /// <param name="Large">Time of an all-reduce of 4 MB, summed in rank order.</param>
    /// <param name="EngineSmall">Time of an all-reduce of 4 KB, summed in the library's order.</param>
    /// <param name="EngineLarge">Time of an all-reduce of 4 MB, summed in the library's order.</param>
    private readonly record struct LinkSpeed(
        double Latency, double Small, double Large, double EngineSmall, double EngineLarge)
    {
        /// <summary>Gigabytes per second that each rank sends in the 4 MB all-reduce.</summary>
        internal double Rate(int ranks) => 2.0 * (ranks - 1) / ranks * LinkProbe.Large * sizeof(float) / Large / 1e9;
    }
}
