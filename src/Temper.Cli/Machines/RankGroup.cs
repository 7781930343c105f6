using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Data;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Training;

namespace Temper.Cli;

/// <summary>The ranks that a command was started on by mpirun; one rank, and no library, where it was not.</summary>
internal sealed class RankGroup : IDisposable
{
    private readonly MpiRanks? _mpi;

    private RankGroup(MpiRanks? mpi) => _mpi = mpi;

    internal bool IsFirst => Rank == 0;

    internal int Rank => _mpi?.World.Rank ?? 0;

    internal int Size => _mpi?.World.Size ?? 1;

    /// <summary>Which part of work that is cut into as many parts as there are ranks is this one's.</summary>
    internal BatchPart Part => new(Rank, Size);

    /// <summary>The ranks as an evaluation takes them.</summary>
    internal TrainingRanks Samples => _mpi is null ? TrainingRanks.One : new SampleRanks(_mpi.World);

    /// <summary>The library; null on one rank.</summary>
    internal MpiRanks? Mpi => _mpi;

    /// <summary>Ranks that the launcher has started; 1 without one.</summary>
    internal static int Started => MpiLaunch.Current?.Size ?? 1;

    /// <summary>Joins the other ranks, if there are any.</summary>
    internal static RankGroup Open() => MpiLaunch.Current is { Size: > 1 } launch
        ? new RankGroup(MpiRanks.TryOpen(launch) ?? throw Missing(launch))
        : new RankGroup(mpi: null);

    internal static ToolException Missing(MpiLaunch? launch) => new(
        ExitCode.Missing,
        $"MPI: no library was found (looked for {LibrariesOf(launch)}); "
        + $"install openmpi-bin or mpich, or name the library's file in {MpiRanks.Variable}");

    /// <summary>The text of rank 0 on all ranks.</summary>
    internal string Broadcast(string text) => _mpi?.World.Broadcast(text) ?? text;

    /// <summary>
    /// Does this rank's share of some pieces of work, whose results are left in files that all ranks see: every so
    /// many-th piece, so that hard ones that lie together do not fall to one rank. Returns when all ranks have done
    /// theirs.
    /// </summary>
    /// <param name="count">Number of pieces.</param>
    /// <param name="piece">Does a piece.</param>
    internal void Share(int count, Action<int> piece)
    {
        for (int i = Rank; i < count; i += Size)
        {
            piece(i);
        }

        _mpi?.World.Barrier();
    }

    /// <summary>Evaluations that the ranks share while rank 0 does everything else; null on one rank.</summary>
    /// <param name="sets">Samples by name, the same on all ranks.</param>
    internal SharedEvaluation? Evaluation(params (string Name, Dataset Samples)[] sets) =>
        _mpi is null ? null : new SharedEvaluation(_mpi.World, sets);

    /// <summary>
    /// Does the work of a rank. One that fails says so with its number and ends the others, which would wait for it.
    /// </summary>
    internal int Run(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (_mpi is not null)
        {
            (int code, string message) = Failure.Of(error);
            string own = $"rank {Rank} of {Size}: ";
            Terminal.Error(message.StartsWith(own, StringComparison.Ordinal) ? message : own + message);
            _mpi.Abort(code);
            throw;
        }
    }

    public void Dispose() => _mpi?.Dispose();

    private static string LibrariesOf(MpiLaunch? launch) => launch switch
    {
        null => "libmpi.so.40, libmpich.so.12",
        { IsMpich: true } => "libmpich.so.12",
        _ => "libmpi.so.40",
    };
}
