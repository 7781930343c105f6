using System.Diagnostics;

namespace Temper.Testing;

/// <summary>Runs a program of samples/ as a process, in its tiny form.</summary>
public static class SampleProcess
{
    /// <summary>Returns the output of the program.</summary>
    /// <param name="program">A type of the program's assembly.</param>
    /// <param name="temporary">Folder for the program's temporary files; null: the system's.</param>
    /// <exception cref="InvalidOperationException">The exit code was not 0.</exception>
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
