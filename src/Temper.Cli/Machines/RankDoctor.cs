using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;

namespace Temper.Cli;

/// <summary><c>temper doctor --mpi</c>: which library is used, how, and how fast ranks exchange numbers.</summary>
internal static class RankDoctor
{
    internal static int Run(CommandContext context)
    {
        MpiLaunch? launch = MpiLaunch.Current;
        using MpiRanks mpi = MpiRanks.TryOpen(launch) ?? throw RankGroup.Missing(launch);
        Communicator world = mpi.World;
        RequireRight(mpi);
        var probe = new LinkProbe(world, context.Time);
        double latency = probe.Seconds(200, () => PingPong(world)) / 2;
        (double small, double large) = (probe.AllReduce(LinkProbe.Small, 100), probe.AllReduce(LinkProbe.Large, 10));
        (double engineSmall, double engineLarge) = (probe.AllReduce(LinkProbe.Small, 100, SumOrder.Engine), probe.AllReduce(LinkProbe.Large, 10, SumOrder.Engine));
        double rate = 2.0 * (world.Size - 1) / world.Size * LinkProbe.Large * sizeof(float) / large / 1e9;
        if (world.Rank > 0)
        {
            return ExitCode.Success;
        }

        bool isAlone = world.Size == 1;
        if (context.IsJson)
        {
            JsonResult.Write("doctor", new JsonObject
            {
                ["mpi"] = new JsonObject
                {
                    ["library"] = mpi.Version, ["file"] = mpi.File, ["handles"] = mpi.Handles, ["thread_level"] = mpi.ThreadLevel, ["ranks"] = world.Size,
                    ["latency_us"] = isAlone ? null : Math.Round(latency * 1e6, 2), ["all_reduce_4kb_us"] = isAlone ? null : Math.Round(small * 1e6, 1),
                    ["all_reduce_4mb_ms"] = isAlone ? null : Math.Round(large * 1e3, 3), ["all_reduce_4kb_engine_us"] = isAlone ? null : Math.Round(engineSmall * 1e6, 1),
                    ["all_reduce_4mb_engine_ms"] = isAlone ? null : Math.Round(engineLarge * 1e3, 3), ["gigabytes_per_second"] = isAlone ? null : Math.Round(rate, 3),
                },
            });
            return ExitCode.Success;
        }

        var table = new ResultTable("MPI", "what", "here");
        table.Row("library", $"{mpi.Version} ({mpi.File})")
            .Row("handles", mpi.Handles)
            .Row("threads", mpi.ThreadLevel >= MpiRanks.AnyThread ? $"any at the same time ({mpi.ThreadLevel})" : $"one at a time ({mpi.ThreadLevel}): train --plan refuses it; use a build with MPI_THREAD_MULTIPLE")
            .Row("calls", "all of them gave what they should")
            .Row("UCX signal handlers", "switched off (UCX_ERROR_SIGNALS)")
            .Row("ranks", launch is null ? "1 (start with mpirun -n 2 to measure between ranks)" : $"{world.Size}, {launch.LocalSize} on this machine");
        if (!isAlone)
        {
            table.Row("latency", Text($"{latency * 1e6:F1} us between ranks 0 and 1"))
                .Row("all-reduce of 4 KB", Text($"{small * 1e6:F0} us in the order of the ranks, {engineSmall * 1e6:F0} us in the library's"))
                .Row("all-reduce of 4 MB", Text($"{large * 1e3:F2} ms in the order of the ranks, {engineLarge * 1e3:F2} ms in the library's; {rate:F2} GB/s"));
        }

        table.Write(context.Terminal);
        return ExitCode.Success;
    }

    /// <summary>Every call once, against what it should give.</summary>
    private static void RequireRight(MpiRanks mpi)
    {
        IReadOnlyList<string> wrong = CollectivesCheck.Run(mpi.World);
        if (wrong.Count > 0)
        {
            Terminal.Error($"MPI: {mpi.Version} gives wrong results on rank {mpi.World.Rank} (in {string.Join(", ", wrong)}); use another library");
            mpi.Abort(ExitCode.Unexpected);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void PingPong(Communicator world)
    {
        Span<float> one = stackalloc float[1], other = stackalloc float[1];
        if (world.Rank < 2 && world.Size > 1)
        {
            // There and back: both wait for the other.
            world.SendReceive(one, 1 - world.Rank, other, 1 - world.Rank);
            world.SendReceive(one, 1 - world.Rank, other, 1 - world.Rank);
        }
    }
}
