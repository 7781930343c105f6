using Temper.Formats.Safetensors;
using Temper.Tensors;

namespace Temper.Formats.Models;

/// <summary>Tensors by name; remembers which have been asked for.</summary>
internal sealed class StateDict
{
    /// <summary>What PyTorch's data-parallel wrapper puts before every name.</summary>
    private const string Wrapper = "module.";

    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    /// <summary>Names that nobody has asked for.</summary>
    internal IReadOnlyList<string> Unused => [.. _tensors.Keys.Where(name => !_taken.Contains(name))];

    internal static StateDict Of(SafetensorsFile file)
    {
        bool isWrapped = file.Tensors.Count > 0 && file.Tensors.All(entry => entry.Key.StartsWith(Wrapper, StringComparison.Ordinal));
        var result = new StateDict();
        foreach ((string name, Tensor tensor) in file.Tensors)
        {
            result._tensors[isWrapped ? name[Wrapper.Length..] : name] = tensor;
        }

        return result;
    }

    /// <summary>The tensor of a name; null where there is none.</summary>
    internal Tensor? Take(string name)
    {
        if (!_tensors.TryGetValue(name, out Tensor? tensor))
        {
            return null;
        }

        _taken.Add(name);
        return tensor;
    }
}
