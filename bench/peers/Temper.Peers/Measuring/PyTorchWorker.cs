using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics;
using System.Text.Json;

namespace Temper.Peers.Measuring;

/// <summary>A Python process that does PyTorch's side of a table, a line of JSON for each request and answer.</summary>
internal sealed class PyTorchWorker : IDisposable
{
    private readonly Process _process;

    private PyTorchWorker(Process process) => _process = process;

    /// <summary>Starts the worker, or gives null where Python or PyTorch is missing.</summary>
    /// <param name="script">File name under bench/peers.</param>
    /// <param name="threads">Threads of its OpenMP run time.</param>
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
            // Debian's OpenBLAS does not know newer processors and falls back to slow kernels, which would flatter us.
            start.Environment["OPENBLAS_CORETYPE"] = "SkylakeX";
        }

        return new PyTorchWorker(Process.Start(start)!);
    }

    /// <summary>Sends a request and waits for the answer; null when the process has ended.</summary>
    public JsonElement? Ask(object request)
    {
        try
        {
            _process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            return null;
        }

        string? line = _process.StandardOutput.ReadLine();
        return line is null ? null : JsonDocument.Parse(line).RootElement;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
