using Temper.Parallelism.Collectives.Native;

namespace Temper.Parallelism.Collectives;

/// <summary>The ranks started by mpirun, over Open MPI or MPICH: the library that the launcher belongs to.</summary>
/// <remarks>Create one instance per process. Dispose it once, after the work that all ranks do together.</remarks>
public sealed class MpiRanks : IDisposable
{
    /// <summary>
    /// Environment variable with the file of the MPI library, for libraries that the loader does not find by itself.
    /// </summary>
    public const string Variable = "TEMPER_MPI";

    /// <summary>
    /// The <see cref="ThreadLevel"/> at which any thread may call the library at any time (MPI_THREAD_MULTIPLE).
    /// Training needs it.
    /// </summary>
    internal const int AnyThread = 3;

    /// <summary>
    /// Pause of MPICH ranks between the last barrier and MPI_Finalize, if the ranks are on several machines.
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
                + $"{library.File}, expected {launch.Size}); set {Variable} to the file of the launcher's library");
        }
    }

    /// <summary>The communicator of all ranks.</summary>
    public Communicator World { get; }

    /// <summary>Name and version of the library.</summary>
    public string Version { get; }

    /// <summary>File of the loaded library.</summary>
    public string File => _library.File;

    /// <summary>Description of the library's kind of handles.</summary>
    public string Handles => _library.IsMpich ? "integers (MPICH)" : "addresses of exported data (Open MPI)";

    /// <summary>
    /// MPI thread level: 3 if any threads may call the library at the same time; 1 or 2 if only one thread at a time
    /// may.
    /// </summary>
    public int ThreadLevel { get; }

    /// <summary>
    /// How long a call of any group may wait for other ranks before it fails; unlimited by default. It must be longer
    /// than work that one rank does alone, such as writing a checkpoint.
    /// </summary>
    public TimeSpan TimeLimit
    {
        get => _library.TimeLimit;
        set => _library.TimeLimit = value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(
            nameof(value), $"MpiRanks.TimeLimit: out of range (got {value}, expected more than 0)");
    }

    /// <summary>Loads the library and joins the other ranks. Without a launcher, the group has one rank.</summary>
    /// <param name="launch">The launch, from <see cref="MpiLaunch.Current"/>; null: no launcher.</param>
    /// <returns>The ranks; null if no library is installed.</returns>
    /// <exception cref="RankFailedException">The library was found but cannot be used.</exception>
    public static MpiRanks? TryOpen(MpiLaunch? launch)
    {
        IEnumerable<string> files = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? [named]
            : launch?.IsMpich == true ? MpiLibrary.MpichFiles
            : launch is not null ? MpiLibrary.OpenMpiFiles
            : MpiLibrary.OpenMpiFiles.Concat(MpiLibrary.MpichFiles);
        return MpiLibrary.TryLoad(files) is { } library ? new MpiRanks(library, launch) : null;
    }

    /// <summary>
    /// Ends all ranks, including this process. Without it, the others would wait for a rank that has failed.
    /// </summary>
    /// <param name="code">Exit code of the job.</param>
    public void Abort(int code)
    {
        _isAborted = true;
        _library.Abort(code);
    }

    /// <summary>Waits until all ranks have finished, then shuts down the library.</summary>
    public void Dispose()
    {
        if (!_isAborted)
        {
            _isAborted = true;
            // Rank 0 may still evaluate and write a report alone, for as long as that takes.
            _library.TimeLimit = TimeSpan.MaxValue;

            // A rank that finalizes while another one still computes may close links that the other one needs.
            World.Barrier();
            if (_needsPause)
            {
                // MPICH 4.0 over UCX needs answers from the other ranks to close its connections, and stops answering
                // once it has them (pmodels/mpich#6596). A rank that leaves the barrier late would answer the ranks
                // ahead of it but get no answer itself. After the pause, all ranks have left the barrier, and each
                // sends its requests before it answers others.
                Thread.Sleep(MpichPause);
            }

            _library.Complete();
        }
    }
}
