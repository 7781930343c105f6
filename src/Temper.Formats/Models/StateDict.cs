using Temper.Formats.Npz;
using Temper.Formats.Safetensors;
using Temper.Formats.TorchCheckpoints;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Models;

/// <summary>Named tensors.</summary>
internal sealed class StateDict
{
    /// <summary>Prefix of all names in checkpoints of PyTorch's DataParallel.</summary>
    private const string Wrapper = "module.";

    private const int Shown = 8;

    private readonly OrderedDictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    /// <summary>Reads a state dict; the format is detected from the first bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="names">New names, keyed by old names; a key that ends in * matches all names with that
    /// prefix.</param>
    internal static StateDict Load(string path, IReadOnlyDictionary<string, string>? names) =>
        Of(TensorsOf(path), names);

    internal static StateDict Of(
        IReadOnlyList<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? names = null)
    {
        bool isWrapped = tensors.Count > 0
            && tensors.All(entry => entry.Key.StartsWith(Wrapper, StringComparison.Ordinal));
        var result = new StateDict();
        foreach ((string name, Tensor tensor) in tensors)
        {
            result._tensors[Renamed(isWrapped ? name[Wrapper.Length..] : name, names)] = tensor;
        }

        return result;
    }

    /// <summary>Names and tensors, in file order.</summary>
    internal IEnumerable<KeyValuePair<string, Tensor>> Tensors => _tensors;

    /// <summary>Returns the tensor with a given name; null if there is none.</summary>
    internal Tensor? Take(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>
    /// Describes missing tensors, unexpected tensors, and tensors of a wrong shape or dtype; null if all tensors match.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="maskSuffix">Suffix of the names of masks, which are optional.</param>
    internal string? Misfits(NetworkGraph graph, string maskSuffix)
    {
        List<string> missing = [], misshaped = [];
        foreach ((string name, Shape shape, DType type) in graph.Parameters
            .Select(entry => (entry.Key, entry.Value.Shape, DType.Float32))
            .Concat(graph.Buffers.Select(entry => (entry.Key, entry.Value.Shape, entry.Value.DType))))
        {
            bool mayMiss = graph.Buffers.TryGetValue(name, out BufferSpec? buffer) && buffer.IsOptional;
            if (!_tensors.TryGetValue(name, out Tensor? tensor))
            {
                missing.AddRange(mayMiss ? [] : [$"{name} {shape}"]);
            }
            else if (!tensor.Shape.Equals(shape) || tensor.DType != type)
            {
                misshaped.Add($"{name} (got {tensor.DType} {tensor.Shape}, expected {type} {shape})");
            }
        }

        string[] unexpected = [.. _tensors.Keys.Where(name =>
            !graph.Parameters.ContainsKey(name) && !graph.Buffers.ContainsKey(name) && !IsMask(name))];
        string[] parts =
        [
            .. new[]
            {
                Part("missing", missing), Part("unexpected", unexpected), Part("of another shape", misshaped),
            }.Where(part => part.Length > 0),
        ];
        return parts.Length == 0
            ? null
            : $"the tensors do not match the network: {string.Join("; ", parts)}; check the architecture";

        bool IsMask(string name) => name.EndsWith(maskSuffix, StringComparison.Ordinal)
            && graph.Parameters.ContainsKey(name[..^maskSuffix.Length]);
    }

    private static string Part(string what, IReadOnlyCollection<string> names) => names.Count == 0
        ? ""
        : $"{what}: {string.Join(", ", names.Take(Shown))}"
            + (names.Count > Shown ? $" and {names.Count - Shown} more" : "");

    private static string Renamed(string name, IReadOnlyDictionary<string, string>? names)
    {
        if (names is null)
        {
            return name;
        }

        if (names.TryGetValue(name, out string? exact))
        {
            return exact;
        }

        (string from, string to) =
            names.Where(pair => pair.Key.EndsWith('*') && name.StartsWith(pair.Key[..^1], StringComparison.Ordinal))
            .OrderByDescending(pair => pair.Key.Length).Select(pair => (pair.Key, pair.Value)).FirstOrDefault();
        return from is null ? name : to.TrimEnd('*') + name[(from.Length - 1)..];
    }

    /// <summary>
    /// Detects the format: archives begin with PK, a pickle with its protocol, and a safetensors file has its JSON
    /// header
    /// after eight bytes.
    /// </summary>
    private static IReadOnlyList<KeyValuePair<string, Tensor>> TensorsOf(string path)
    {
        Span<byte> first = stackalloc byte[9];
        using (FileStream stream = File.OpenRead(path))
        {
            first = first[..stream.ReadAtLeast(first, first.Length, throwOnEndOfStream: false)];
        }

        bool isArchive = first.StartsWith("PK"u8), isPickle = first is [0x80, < 6, ..] && first is not [.., (byte)'{'];
        return isPickle || (isArchive && TorchArchive.IsOne(path)) ? TorchCheckpoint.Load(path).Tensors
            : isArchive ? [.. NpzFile.Load(path)]
            : ModelFile.TensorsOf(SafetensorsFile.Load(path), path);
    }
}
