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
    private const int MostPrefixes = 8;

    private readonly OrderedDictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    /// <summary>Weights stored in two parts that do not fit each other: what is wrong, keyed by name.</summary>
    private readonly Dictionary<string, string> _apart = new(StringComparer.Ordinal);

    /// <summary>Reads a state dict; the format is detected from the first bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="names">New names, keyed by old names; a key that ends in * matches all names with that
    /// prefix.</param>
    internal static StateDict Load(string path, IReadOnlyDictionary<string, string>? names) =>
        Of(TensorsOf(path), names);

    internal static StateDict Of(
        IReadOnlyList<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? names = null)
    {
        // Without new names, a prefix is removed where the network is known; see Fit.
        bool isWrapped = names is not null && tensors.Count > 0
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
    /// Returns the tensors with the names of a graph, and what still does not match. Prefixes that all names share are
    /// removed if more names match without them (<c>_orig_mod.</c> of torch.compile, <c>module.</c> of DataParallel,
    /// the attribute of a wrapper class), and weights stored in two parts are joined.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="maskSuffix">Suffix of the names of masks, which are optional.</param>
    internal (StateDict Tensors, string? Misfits) Fit(NetworkGraph graph, string maskSuffix)
    {
        StateDict best = this;
        int most = Known(graph);
        StateDict? next = WithoutPrefix();
        for (int i = 0; i < MostPrefixes && next is not null; i++, next = next.WithoutPrefix())
        {
            int known = next.Known(graph);
            (best, most) = known > most ? (next, known) : (best, most);
        }

        StateDict joined = best.Joined(graph, maskSuffix).WithScalars(graph);
        return (joined, joined.Differences(graph, maskSuffix));
    }

    /// <summary>
    /// Describes missing tensors, unexpected tensors, and tensors of a wrong shape or dtype; null if all tensors match.
    /// </summary>
    /// <inheritdoc cref="Fit"/>
    internal string? Misfits(NetworkGraph graph, string maskSuffix) => Fit(graph, maskSuffix).Misfits;

    /// <summary>Returns the number of tensors that the graph has names for.</summary>
    private int Known(NetworkGraph graph) => _tensors.Keys.Count(name =>
        graph.Parameters.ContainsKey(name) || graph.Buffers.ContainsKey(name) || Split(name, graph) is not null);

    /// <summary>Returns the weight of the graph whose first part has a given name; null if there is none.</summary>
    private SplitWeight? Split(string first, NetworkGraph graph) =>
        SplitWeight.Of(first) is { } split
        && graph.Parameters.ContainsKey(split.Name) && !graph.Parameters.ContainsKey(first)
        && _tensors.ContainsKey(split.Second) && !_tensors.ContainsKey(split.Name)
            ? split
            : null;

    /// <summary>Returns the tensors without the first part of their names; null if they do not share it.</summary>
    private StateDict? WithoutPrefix()
    {
        string first = _tensors.Count > 0 ? _tensors.GetAt(0).Key : "";
        string prefix = first[..(first.IndexOf('.') + 1)];
        if (prefix.Length == 0 || !_tensors.Keys.All(name =>
            name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            return null;
        }

        var result = new StateDict();
        foreach ((string name, Tensor tensor) in _tensors)
        {
            result._tensors[name[prefix.Length..]] = tensor;
        }

        return result;
    }

    /// <summary>
    /// Joins weights that are stored in two parts. A mask of pruning becomes the mask of the parameter. A weight with
    /// several pairs of parts, or with a second mask, is not joined.
    /// </summary>
    private StateDict Joined(NetworkGraph graph, string maskSuffix)
    {
        SplitWeight[] splits =
        [
            .. _tensors.Keys.Select(name => Split(name, graph)).OfType<SplitWeight>()
                .GroupBy(split => split.Name, StringComparer.Ordinal).Where(pairs => pairs.Count() == 1)
                .Select(pairs => pairs.First())
                .Where(split => !split.IsPruned || !_tensors.ContainsKey(split.Name + maskSuffix)),
        ];
        if (splits.Length == 0)
        {
            return this;
        }

        StateDict result = Copy();
        foreach (SplitWeight split in splits)
        {
            Tensor first = _tensors[split.First], second = _tensors[split.Second];
            result._tensors.Remove(split.First);
            result._tensors.Remove(split.Second);
            try
            {
                result._tensors[split.Name] = split.Join(first, second, graph.Parameters[split.Name].Shape);
                if (split.IsPruned)
                {
                    result._tensors[split.Name + maskSuffix] = second;
                }
            }
            catch (FormatException error)
            {
                result._apart[split.Name] = error.Message;
            }
        }

        return result;
    }

    /// <summary>
    /// Returns the tensors with scalars, such as <c>num_batches_tracked</c>, that are stored as arrays of one element.
    /// </summary>
    private StateDict WithScalars(NetworkGraph graph)
    {
        string[] names =
        [
            .. graph.Buffers.Where(buffer => buffer.Value.Shape.Rank == 0).Select(buffer => buffer.Key)
                .Where(name => _tensors.TryGetValue(name, out Tensor? tensor) && tensor is { Rank: > 0, Count: 1 }),
        ];
        StateDict result = names.Length == 0 ? this : Copy();
        foreach (string name in names)
        {
            result._tensors[name] = _tensors[name].Reshape([]);
        }

        return result;
    }

    private StateDict Copy()
    {
        var result = new StateDict();
        foreach ((string name, Tensor tensor) in _tensors)
        {
            result._tensors[name] = tensor;
        }

        foreach ((string name, string reason) in _apart)
        {
            result._apart[name] = reason;
        }

        return result;
    }

    private string? Differences(NetworkGraph graph, string maskSuffix)
    {
        List<string> missing = [], misshaped = [];
        foreach ((string name, Shape shape, DType type) in graph.Parameters
            .Select(entry => (entry.Key, entry.Value.Shape, DType.Float32))
            .Concat(graph.Buffers.Select(entry => (entry.Key, entry.Value.Shape, entry.Value.DType))))
        {
            bool mayMiss = graph.Buffers.TryGetValue(name, out BufferSpec? buffer) && buffer.IsOptional;
            if (!_tensors.TryGetValue(name, out Tensor? tensor))
            {
                missing.AddRange(mayMiss || _apart.ContainsKey(name) ? [] : [$"{name} {shape}"]);
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
                Part("in two parts that do not fit", _apart.Values),
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
    /// header after eight bytes.
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
