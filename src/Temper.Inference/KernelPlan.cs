using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Temper.Kernels;

namespace Temper.Inference;

/// <summary>
/// The kernel of each layer for some classes of batch sizes: the result of timing kernels during compilation, to be
/// saved. A network compiled with a plan times no kernels for these batch sizes, and the same plan gives the same
/// bytes.
/// </summary>
/// <remarks>
/// A plan is valid only for the processor on which it was measured and for networks whose layers have the same names
/// and shapes. Arm64 processors are told apart only by their vector width.
/// </remarks>
public sealed class KernelPlan
{
    private const string FormatName = "temper-kernel-plan";
    private const string Kind = "kernels";
    private const int Version = 1;

    internal KernelPlan(
        string cpu, IReadOnlyDictionary<int, IReadOnlyDictionary<string, string>> kernels,
        IReadOnlyDictionary<int, int> partSizes) =>
        (Cpu, Kernels, PartSizes) = (cpu, kernels, partSizes);

    /// <summary>Identifier of this processor, as used in plans.</summary>
    public static string ThisCpu => Processor.Id;

    /// <summary>Identifier of the processor on which the plan was made.</summary>
    public string Cpu { get; }

    /// <summary>Kernels by layer name, keyed by the smallest batch size of each class (1, 2, 4, up to 64).</summary>
    public IReadOnlyDictionary<int, IReadOnlyDictionary<string, string>> Kernels { get; }

    /// <summary>
    /// Number of samples per part for batches that run in parts, each on one thread; 0: the batch runs whole. Keyed by
    /// the smallest batch size of each class.
    /// </summary>
    public IReadOnlyDictionary<int, int> PartSizes { get; }

    /// <summary>Parses a plan written by <see cref="ToJson"/>.</summary>
    /// <param name="json">JSON in UTF-8.</param>
    /// <exception cref="InvalidDataException">The JSON is not a valid kernel plan.</exception>
    public static KernelPlan Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException
            or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"KernelPlan.Parse: not a kernel plan ({e.Message}; expected JSON "
                + "written by KernelPlan.ToJson); compile without it", e);
        }
    }

    /// <summary>Writes the plan as JSON in UTF-8. Equal plans give the same bytes.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", Kind);
            writer.WriteString("format", FormatName);
            writer.WriteNumber("version", Version);
            writer.WriteString("cpu", Cpu);
            writer.WriteStartObject("parts");
            foreach ((int batch, int size) in PartSizes.OrderBy(pair => pair.Key))
            {
                writer.WriteNumber(batch.ToString(CultureInfo.InvariantCulture), size);
            }

            writer.WriteEndObject();
            writer.WriteStartObject("batches");
            foreach ((int batch, IReadOnlyDictionary<string, string> layers) in Kernels.OrderBy(pair => pair.Key))
            {
                writer.WriteStartObject(batch.ToString(CultureInfo.InvariantCulture));
                foreach ((string layer, string kernel) in layers.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    writer.WriteString(layer, kernel);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Returns the number of samples per part for a batch class; 0 if it runs whole; null if the plan does not contain
    /// it.
    /// </summary>
    internal int? PartSizeOf(int batch) =>
        PartSizes.TryGetValue(batch, out int size) ? size : Kernels.ContainsKey(batch) ? 0 : null;

    /// <summary>
    /// Returns the kernels of a batch class; null if the plan does not contain it. Throws if the network has no such
    /// kernel.
    /// </summary>
    internal IReadOnlyDictionary<string, string>? For(LayerGraph graph, int batch)
    {
        if (!Kernels.TryGetValue(batch, out IReadOnlyDictionary<string, string>? kernels))
        {
            return null;
        }

        foreach (Layer layer in graph.Layers)
        {
            string[] known = [.. graph.CandidatesOf(layer, batch).Select(candidate => candidate.Kernel)];
            string? wanted = kernels.GetValueOrDefault(layer.Name);
            if (!known.Contains(wanted))
            {
                throw new ArgumentException(
                    $"CompiledNetwork.Compile: the plan does not fit the network: layer {layer.Name}, batch {batch} "
                    + $"(got {wanted ?? "no kernel"}, expected one of {string.Join(", ", known)}); compile without it");
            }
        }

        return kernels;
    }

    private static KernelPlan Read(JsonElement root)
    {
        // Plans written before this field was introduced do not have it.
        string? kind = root.TryGetProperty("kind", out JsonElement named) ? named.GetString() : Kind;
        if (!string.Equals(kind, Kind, StringComparison.Ordinal))
        {
            throw new FormatException($"got kind '{kind}', expected '{Kind}'");
        }

        string? format = root.GetProperty("format").GetString();
        int version = root.GetProperty("version").GetInt32();
        if (!string.Equals(format, FormatName, StringComparison.Ordinal) || version != Version)
        {
            throw new FormatException($"got format '{format}' version {version}");
        }

        var kernels = new Dictionary<int, IReadOnlyDictionary<string, string>>();
        foreach (JsonProperty batch in root.GetProperty("batches").EnumerateObject())
        {
            kernels.Add(ClassOf(batch), batch.Value.EnumerateObject().ToDictionary(layer =>
                layer.Name, layer => layer.Value.GetString()!, StringComparer.Ordinal));
        }

        var parts = new Dictionary<int, int>();
        JsonProperty[] parted = root.TryGetProperty("parts", out JsonElement sizes) ? [.. sizes.EnumerateObject()] : [];
        foreach (JsonProperty batch in parted)
        {
            int part = batch.Value.GetInt32();
            bool fits = part == 0 || (part > 0 && part < ClassOf(batch) && kernels.ContainsKey(part));
            parts.Add(ClassOf(batch), fits ? part : throw new FormatException($"got part size {part}"));
        }

        return new KernelPlan(root.GetProperty("cpu").GetString() ?? throw new FormatException("cpu"), kernels, parts);
    }

    private static int ClassOf(JsonProperty batch)
    {
        bool isNumber = int.TryParse(batch.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int size);
        return isNumber && size >= 1 && BatchClass.Of(size) == size
            ? size
            : throw new FormatException($"got batch class '{batch.Name}'");
    }
}
