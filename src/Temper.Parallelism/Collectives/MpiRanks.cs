using Temper.Parallelism.Collectives.Native;

namespace Temper.Parallelism.Collectives;

/// <summary>The ranks that mpirun has started, over Open MPI or MPICH: whichever the launcher belongs to.</summary>
/// <remarks>
/// There is one of them a process; it is disposed once, at the end of the work that all ranks do together.
/// </remarks>
public sealed class MpiRanks : IDisposable
{
    /// <summary>Names the file of the library, where it is not in the loader's usual places.</summary>
    public const string Variable = "TEMPER_MPI";

    /// <summary>
    /// The <see cref="ThreadLevel"/> of a library that any thread may call at any time, which training needs.
    /// </summary>
    internal const int AnyThread = 3;

    /// <summary>
    /// How long a rank of MPICH does nothing between the last barrier and its end, where ranks are on several machines.
    /// </summary>
    private static readonly TimeSpan MpichPause = TimeSpan.FromMilliseconds(500);

    private readonly MpiLibrary _library;
    private readonly bool _needsPause;
    private bool _isAborted;

    private MpiRanks(MpiLibrary library, MpiLaunch? launch)
    {
        (_library, _needsPause) = (library, library.IsMpich && launch is { } all && all.LocalSize < all.Size);
        ThreadLevel = library.Initialize();
        World = new MpiCommunicator(library, library.World);
        Version = library.Version();
        if (launch is not null && launch.Size != World.Size)
        {
            throw new RankFailedException(
                $"MPI: the library does not belong to the launcher (got {World.Size} ranks of {Version} in "
                + $"{library.File}, expected {launch.Size}); name the launcher's library in {Variable}");
        }
    }

    /// <summary>All ranks.</summary>
    public Communicator World { get; }

    /// <summary>Name and version of the library.</summary>
    public string Version { get; }

    /// <summary>File of the library.</summary>
    public string File => _library.File;

    /// <summary>How the library's handles are found.</summary>
    public string Handles => _library.IsMpich ? "integers (MPICH)" : "addresses of exported data (Open MPI)";

    /// <summary>Which threads may call the library: 3, any of them at the same time; 1 or 2, one at a time.</summary>
    public int ThreadLevel { get; }

    /// <summary>
    /// How long a call of any group may wait for other ranks before it fails; without end by default. It has to be
    /// longer than the work that one rank does alone, such as writing a checkpoint.
    /// </summary>
    public TimeSpan TimeLimit
    {
        get => _library.TimeLimit;
        set => _library.TimeLimit = value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(
            nameof(value), $"MpiRanks.TimeLimit: not a duration (got {value}, expected more than 0)");
    }

    /// <summary>Loads the library and joins the other ranks. Without a launcher it is a group of one.</summary>
    /// <param name="launch">What the launcher has said; null: there is none.</param>
    /// <returns>Null where no library is installed.</returns>
    /// <exception cref="RankFailedException">The library is there and cannot be used.</exception>
    public static MpiRanks? TryOpen(MpiLaunch? launch)
    {
        IEnumerable<string> files = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? [named]
            : launch?.IsMpich == true ? MpiLibrary.MpichFiles
            : launch is not null ? MpiLibrary.OpenMpiFiles
            : MpiLibrary.OpenMpiFiles.Concat(MpiLibrary.MpichFiles);
        return MpiLibrary.TryLoad(files) is { } library ? new MpiRanks(library, launch) : null;
    }

    /// <summary>Ends all ranks, with this process: others wait for one that has failed.</summary>
    /// <param name="code">Exit code of the job.</param>
    public void Abort(int code)
    {
        _isAborted = true;
        _library.Abort(code);
    }

    /// <summary>Leaves the group; waits until all ranks do.</summary>
    public void Dispose()
    {
        if (!_isAborted)
        {
            _isAborted = true;
            // A library that ends while another rank still computes may close links that the rank needs.
            World.Barrier();
            if (_needsPause)
            {
                // MPICH 4.0 over UCX closes its connections, which takes answers of the other ranks, and then waits for
                // them without answering any more (pmodels/mpich#6596). A rank that is still in the barrier would
                // answer those that are ahead and later get no answer itself. After a pause all are out of it, and
                // each asks before it answers.
                Thread.Sleep(MpichPause);
            }

            _library.Complete();
        }
    }
}
