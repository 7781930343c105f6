using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Data;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Training;

namespace Temper.Cli;

/// <summary>The ranks that mpirun started for a command. Without mpirun: one rank, and no MPI library.</summary>
internal sealed class RankGroup : IDisposable
{
    private readonly MpiRanks? _mpi;

    private RankGroup(MpiRanks? mpi) => _mpi = mpi;

    internal bool IsFirst => Rank == 0;

    internal int Rank => _mpi?.World.Rank ?? 0;

    internal int Size => _mpi?.World.Size ?? 1;

    /// <summary>This rank's part of work that is divided among the ranks.</summary>
    internal BatchPart Part => new(Rank, Size);

    /// <summary>The ranks for training and evaluation: they divide the samples.</summary>
    internal TrainingRanks Samples => _mpi is null ? TrainingRanks.One : new SampleRanks(_mpi.World);

    /// <summary>The MPI library; null on one rank.</summary>
    internal MpiRanks? Mpi => _mpi;

    /// <summary>Number of ranks that mpirun started; 1 without mpirun.</summary>
    internal static int Started => MpiLaunch.Current?.Size ?? 1;

    /// <summary>Joins the other ranks, if any.</summary>
    internal static RankGroup Open() => MpiLaunch.Current is { Size: > 1 } launch
        ? new RankGroup(MpiRanks.TryOpen(launch) ?? throw Missing(launch))
        : new RankGroup(mpi: null);

    internal static ToolException Missing(MpiLaunch? launch) => new(
        ExitCode.Missing,
        $"MPI: no MPI library was found (looked for {LibrariesOf(launch)}); "
        + $"install openmpi-bin or mpich, or name the library's file in {MpiRanks.Variable}");

    /// <summary>Sends the text of rank 0 to all ranks and returns it.</summary>
    internal string Broadcast(string text) => _mpi?.World.Broadcast(text) ?? text;

    /// <summary>
    /// Does this rank's share of independent pieces of work whose results are written to files that all ranks can read.
    /// Rank r does the pieces r, r + size, r + 2 size, ..., so that adjacent hard pieces go to different ranks. Returns
    /// when all ranks are done.
    /// </summary>
    /// <param name="count">Number of pieces.</param>
    /// <param name="piece">Does the piece with the given index.</param>
    internal void Share(int count, Action<int> piece)
    {
        for (int i = Rank; i < count; i += Size)
        {
            piece(i);
        }

        _mpi?.World.Barrier();
    }

    /// <summary>Evaluations that all ranks share while rank 0 does the other work; null on one rank.</summary>
    /// <param name="sets">Data sets by name, the same on all ranks.</param>
    internal SharedEvaluation? Evaluation(params (string Name, Dataset Samples)[] sets) =>
        _mpi is null ? null : new SharedEvaluation(_mpi.World, sets);

    /// <summary>
    /// Runs the work of this rank. If it fails, the error is printed with the rank's number and all other ranks, which
    /// would wait for it, are ended.
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
