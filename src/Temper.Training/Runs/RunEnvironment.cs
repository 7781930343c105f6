using System.Buffers;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Temper.Kernels;

namespace Temper.Training.Runs;

/// <summary>The machine and software versions of a run.</summary>
public sealed record RunEnvironment
{
    /// <summary>Version of Temper, with the commit if known to the build.</summary>
    public required string Version { get; init; }

    /// <summary>Version of the .NET runtime.</summary>
    public required string Runtime { get; init; }

    /// <summary>Operating system.</summary>
    public required string System { get; init; }

    /// <summary>Processor architecture, for example <c>X64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Processor name reported by the system; the architecture if there is none.</summary>
    public required string Processor { get; init; }

    /// <summary>Vector width used by kernels, in bits. Results are bit-identical only for the same width.</summary>
    public required int VectorBits { get; init; }

    /// <summary>Number of processors available to the process.</summary>
    public required int Processors { get; init; }

    /// <summary>Number of threads of the worker pool.</summary>
    public required int Threads { get; init; }

    /// <summary>Returns the environment of this process.</summary>
    public static RunEnvironment Current() => new()
    {
        Version = ToolVersion,
        Runtime = RuntimeInformation.FrameworkDescription,
        System = RuntimeInformation.OSDescription,
        Architecture = RuntimeInformation.ProcessArchitecture.ToString(),
        Processor = ProcessorName(),
        VectorBits = (int)Simd.Active,
        Processors = Environment.ProcessorCount,
        Threads = WorkerPool.Current.Threads,
    };

    /// <summary>Version of this library.</summary>
    internal static string ToolVersion { get; } =
        typeof(
            RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? "0";

    /// <summary>Returns the environment as a JSON document.</summary>
    /// <returns>UTF-8 text.</returns>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("version", Version);
            json.WriteString("runtime", Runtime);
            json.WriteString("system", System);
            json.WriteString("architecture", Architecture);
            json.WriteString("processor", Processor);
            json.WriteNumber("vectorBits", VectorBits);
            json.WriteNumber("processors", Processors);
            json.WriteNumber("threads", Threads);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static string ProcessorName()
    {
        const string List = "/proc/cpuinfo";
        string? line = File.Exists(List)
            ? File.ReadLines(List).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return line is null
            ? $"{RuntimeInformation.ProcessArchitecture}"
            : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
