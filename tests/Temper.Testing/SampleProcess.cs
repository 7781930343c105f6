using System.Diagnostics;

namespace Temper.Testing;

/// <summary>A program of samples/, run as a process in its tiny form.</summary>
public static class SampleProcess
{
    /// <summary>What the program prints.</summary>
    /// <param name="program">A type of its assembly.</param>
    /// <param name="temporary">Its folder for temporary files; null: that of the system.</param>
    /// <exception cref="InvalidOperationException">It ended with another exit code than 0.</exception>
    public static string Output(Type program, string? temporary = null)
    {
        ArgumentNullException.ThrowIfNull(program);
        var start = new ProcessStartInfo("dotnet", [program.Assembly.Location, "--tiny"])
        {
            RedirectStandardOutput = true, UseShellExecute = false,
        };
        if (temporary is not null)
        {
            start.Environment["TMPDIR"] = temporary;
        }

        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException(
            $"sample: {program.Assembly.GetName().Name} failed (got exit code {process.ExitCode}, expected 0)\n{output}");
    }
}
