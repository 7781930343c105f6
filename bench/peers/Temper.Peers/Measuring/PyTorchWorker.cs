using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics;
using System.Text.Json;

namespace Temper.Peers.Measuring;

/// <summary>
/// A Python process that runs PyTorch's part of a table. Each request and each answer is one line of JSON.
/// </summary>
internal sealed class PyTorchWorker : IDisposable
{
    private readonly Process _process;

    private PyTorchWorker(Process process) => _process = process;

    /// <summary>Starts the worker; null if Python or PyTorch is not installed.</summary>
    /// <param name="script">File name under bench/peers; it writes one line after importing PyTorch.</param>
    /// <param name="threads">Number of OpenMP threads.</param>
    public static PyTorchWorker? TryStart(string script, int threads)
    {
        string python = Environment.GetEnvironmentVariable("TEMPER_PYTHON") ?? "/usr/bin/python3";
        if (!File.Exists(python))
        {
            return null;
        }

        var start = new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, script)])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["OMP_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);
        if (Vector512.IsHardwareAccelerated && !start.Environment.ContainsKey("OPENBLAS_CORETYPE"))
        {
            // Debian's OpenBLAS does not recognize newer processors and falls back to slow kernels, which would make
            // Temper look better than it is.
            start.Environment["OPENBLAS_CORETYPE"] = "SkylakeX";
        }

        var worker = new PyTorchWorker(Process.Start(start)!);
        if (worker._process.StandardOutput.ReadLine() is not null)
        {
            return worker;
        }

        worker.Dispose();
        return null;
    }

    /// <summary>Sends a request and returns the answer.</summary>
    /// <exception cref="IOException">The process has ended.</exception>
    public JsonElement Ask(object request)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        _process.StandardInput.Flush();
        string line = _process.StandardOutput.ReadLine() ?? throw new IOException("PyTorch's process has ended");
        return JsonDocument.Parse(line).RootElement;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
