using System.Runtime.InteropServices;
using System.Text;

namespace Temper.Parallelism.Collectives.Native;

/// <summary>
/// The functions of an MPI library, looked up by name at load time. One binary works with both families: Open MPI's
/// handles are addresses of exported data and MPICH's are 32-bit integers; both fit a native integer.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    private const int ThreadMultiple = 3;
    private const int TextLength = 8192;

    private readonly nint _library;

    private MpiLibrary(nint library, string file)
    {
        (_library, File) = (library, file);
        IsMpich = !NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _);
        World = Handle("ompi_mpi_comm_world", 0x44000000);
        Float = Handle("ompi_mpi_float", 0x4c00040a);
        Byte = Handle("ompi_mpi_byte", 0x4c00010d);
        Sum = Handle("ompi_mpi_op_sum", 0x58000003);
        ErrorsReturn = Handle("ompi_mpi_errors_return", 0x54000001);
        (InPlace, StatusesIgnore) = IsMpich ? (-1, 1) : ((nint)1, (nint)0);
    }

    /// <summary>
    /// Files to try, in order of preference. Runtime packages use the versioned name; development packages add the bare
    /// one.
    /// </summary>
    internal static IReadOnlyList<string> OpenMpiFiles { get; } = ["libmpi.so.40", "libmpi.so"];

    /// <inheritdoc cref="OpenMpiFiles"/>
    internal static IReadOnlyList<string> MpichFiles { get; } = ["libmpich.so.12", "libmpi.so.12"];

    /// <summary>The loaded file.</summary>
    internal string File { get; }

    internal bool IsMpich { get; }

    internal nint World { get; }

    internal nint Float { get; }

    internal nint Byte { get; }

    internal nint Sum { get; }

    internal nint ErrorsReturn { get; }

    internal nint InPlace { get; }

    internal nint StatusesIgnore { get; }

    /// <summary>Loads the first of the files that exists; null if none does.</summary>
    internal static MpiLibrary? TryLoad(IEnumerable<string> files)
    {
        // UCX would replace the runtime's handler of segmentation faults, which the runtime needs for null references.
        SetVariable("UCX_ERROR_SIGNALS", "");

        // Waiting ranks yield their core to threads that compute.
        SetVariable("OMPI_MCA_mpi_yield_when_idle", "1");
        foreach (string file in files)
        {
            if (NativeLibrary.TryLoad(file, out nint library))
            {
                return new MpiLibrary(library, file);
            }
        }

        return null;
    }

    /// <summary>How long a call may wait for other ranks before it fails.</summary>
    internal TimeSpan TimeLimit { get; set; } = TimeSpan.MaxValue;

    /// <summary>Initializes the library for calls from any thread.</summary>
    /// <returns>The MPI thread level that the library provides; 3: any threads at the same time.</returns>
    internal int Initialize()
    {
        int provided, isStarted;
        var initialized = (delegate* unmanaged[Cdecl]<int*, int>)Function("MPI_Initialized");
        Check("MPI_Initialized", initialized(&isStarted));
        if (isStarted != 0)
        {
            var query = (delegate* unmanaged[Cdecl]<int*, int>)Function("MPI_Query_thread");
            Check("MPI_Query_thread", query(&provided));
            return provided;
        }

        var initialize = (delegate* unmanaged[Cdecl]<nint, nint, int, int*, int>)Function("MPI_Init_thread");
        Check("MPI_Init_thread", initialize(0, 0, ThreadMultiple, &provided));
        return provided;
    }

    internal void Complete() => ((delegate* unmanaged[Cdecl]<int>)Function("MPI_Finalize"))();

    internal void Abort(int code) => ((delegate* unmanaged[Cdecl]<nint, int, int>)Function("MPI_Abort"))(World, code);

    /// <summary>Returns the library's name and version, in one line.</summary>
    internal string Version()
    {
        var get = (delegate* unmanaged[Cdecl]<byte*, int*, int>)Function("MPI_Get_library_version");
        byte* text = stackalloc byte[TextLength];
        int length;
        Check("MPI_Get_library_version", get(text, &length));
        string whole = Encoding.UTF8.GetString(text, Math.Clamp(length, 0, TextLength)).TrimEnd('\0');
        string first = whole.ReplaceLineEndings("\n").Split('\n')[0];
        return first.Split(',')[0].Replace("\t", " ", StringComparison.Ordinal).Trim();
    }

    internal string ErrorText(int code)
    {
        var get = (delegate* unmanaged[Cdecl]<int, byte*, int*, int>)Function("MPI_Error_string");
        byte* text = stackalloc byte[TextLength];
        int length = 0;
        return get(code, text, &length) != 0
            ? $"error {code}"
            : Encoding.UTF8.GetString(text, Math.Clamp(length, 0, TextLength)).TrimEnd('\0');
    }

    internal nint Function(string name) => NativeLibrary.GetExport(_library, name);

    internal void Check(string call, int code)
    {
        if (code != 0)
        {
            throw new RankFailedException($"{call}: {ErrorText(code)}");
        }
    }

    private nint Handle(string export, nint number) => IsMpich ? number : NativeLibrary.GetExport(_library, export);

    /// <summary>
    /// Sets an environment variable for native code, which does not see variables set through the runtime. A variable
    /// that the user has set is kept.
    /// </summary>
    private static void SetVariable(string name, string value)
    {
        if (!OperatingSystem.IsWindows() && NativeLibrary.TryLoad("libc.so.6", out nint library))
        {
            var set = (delegate* unmanaged[Cdecl]<byte*, byte*, int, int>)NativeLibrary.GetExport(library, "setenv");
            fixed (byte* nameBytes = Encoding.UTF8.GetBytes(name + "\0"),
                valueBytes = Encoding.UTF8.GetBytes(value + "\0"))
            {
                _ = set(nameBytes, valueBytes, 0);
            }
        }
    }
}
