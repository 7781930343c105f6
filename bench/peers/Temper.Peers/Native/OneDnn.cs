using System.Runtime.InteropServices;

namespace Temper.Peers.Native;

/// <summary>Bindings to the functions of oneDNN 2 that are compared, if it is installed.</summary>
internal static unsafe partial class OneDnn
{
    private const string Library = "libdnnl.so.2";

    private const string OpenMP = "libgomp.so.1";

    /// <summary>Whether the library can be loaded.</summary>
    public static bool IsInstalled { get; } = NativeLibrary.TryLoad(Library, out _);

    /// <summary>Sets the number of OpenMP threads of the library.</summary>
    public static void UseThreads(int threads) => SetThreads(threads);

    /// <summary>C[m, n] = op(A)[m, k] op(B)[k, n], all row-major.</summary>
    public static void Multiply(int m, int n, int k, float* a, bool transposeA, float* b, bool transposeB, float* c)
    {
        int status = Sgemm(
            (byte)(transposeA ? 'T' : 'N'), (byte)(transposeB ? 'T' : 'N'), m, n, k, 1, a, transposeA ? m : k, b,
            transposeB ? k : n, 0, c, n);
        if (status != 0)
        {
            throw new InvalidOperationException($"dnnl_sgemm: failed (got status {status}, expected 0)");
        }
    }

    [LibraryImport(Library, EntryPoint = "dnnl_sgemm")]
    private static partial int Sgemm(
        byte transposeA, byte transposeB, long m, long n, long k, float alpha, float* a, long lda, float* b, long ldb,
        float beta, float* c, long ldc);

    [LibraryImport(OpenMP, EntryPoint = "omp_set_num_threads")]
    private static partial void SetThreads(int threads);
}
