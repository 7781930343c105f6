using System.Buffers;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Temper.Kernels;

namespace Temper.Training.Runs;

/// <summary>The machine and the versions that a run had.</summary>
public sealed record RunEnvironment
{
    /// <summary>Version of Temper, with the commit where the build knew it.</summary>
    public required string Version { get; init; }

    /// <summary>Version of the .NET runtime.</summary>
    public required string Runtime { get; init; }

    /// <summary>Operating system.</summary>
    public required string System { get; init; }

    /// <summary>Architecture of the processor, for example <c>X64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>The processor's name as the system tells it, else its architecture.</summary>
    public required string Processor { get; init; }

    /// <summary>
    /// Width of the vectors that kernels use, in bits: results are the same bytes only for the same width.
    /// </summary>
    public required int VectorBits { get; init; }

    /// <summary>Processors that the process may use.</summary>
    public required int Processors { get; init; }

    /// <summary>Threads of the worker pool.</summary>
    public required int Threads { get; init; }

    /// <summary>The environment of this process.</summary>
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

    /// <summary>As a JSON document.</summary>
    /// <returns>UTF-8.</returns>
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
