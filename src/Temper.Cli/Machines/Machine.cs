using System.Runtime.InteropServices;

namespace Temper.Cli;

/// <summary>What this machine is.</summary>
internal static class Machine
{
    /// <summary>The processor's name as the system tells it, else its architecture.</summary>
    internal static string Processor
    {
        get
        {
            const string List = "/proc/cpuinfo";
            string? line = File.Exists(List)
                ? File.ReadLines(List).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
                : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
            return line is null ? $"{RuntimeInformation.ProcessArchitecture}" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        }
    }
}
