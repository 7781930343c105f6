using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Models;

/// <summary>
/// Weights of 8 bit in a safetensors file: a tensor of dtype I8 under the weight's own name (or
/// <c>NAME.sparse.values</c> where it is sparse), to be multiplied with the buffer <c>weight_scale</c> of its layer.
/// The metadata names the two, as <c>temper.int8.NAME</c>.
/// </summary>
internal static class Int8Storage
{
    private const string Key = "temper.int8.";

    /// <summary>
    /// The network's numbers with weights of 8 bit as whole numbers in float32; what they are is said in the metadata.
    /// </summary>
    /// <remarks>A weight that is not exactly on its grid, as between two steps of training, stays as it is.</remarks>
    internal static IEnumerable<Parameter> Encode(Network network, Dictionary<string, string> metadata)
    {
        var scales = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Node node in network.Nodes.Where(node => network.ScalesOf(node) is not null))
        {
            scales.TryAdd(node.Parameters[0], node.Buffers[0]);
        }

        foreach (Parameter parameter in network.Parameters)
        {
            if (scales.TryGetValue(parameter.Name, out string? scale)
                && WholeNumbers(parameter.Value, network.Buffers[scale]) is { } whole)
            {
                metadata[Key + parameter.Name] = scale;
                yield return parameter with { Value = whole };
            }
            else
            {
                yield return parameter;
            }
        }
    }

    /// <summary>Makes the tensors of whole numbers bytes.</summary>
    /// <returns>The tensors, and the names of those that are to be written as I8.</returns>
    internal static (List<KeyValuePair<string, Tensor>> Numbers, HashSet<string> Names) Bytes(
        IEnumerable<KeyValuePair<string, Tensor>> numbers, IReadOnlyDictionary<string, string> metadata)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        List<KeyValuePair<string, Tensor>> all = [.. numbers.Select(entry =>
        {
            if (!metadata.ContainsKey(Key + SparseStorage.Owner(entry.Key)))
            {
                return entry;
            }

            names.Add(entry.Key);
            return KeyValuePair.Create(entry.Key, entry.Value.To(DType.Int32));
        })];
        return (all, names);
    }

    /// <summary>Whether a tensor is written as bytes.</summary>
    internal static bool IsBytes(string name, IReadOnlyDictionary<string, string> metadata) =>
        metadata.ContainsKey(Key + name);

    /// <summary>
    /// A file's tensors with those of 8 bit as whole numbers in float32, before sparse ones are made dense.
    /// </summary>
    internal static SafetensorsFile WithFloats(SafetensorsFile file) =>
        !file.Metadata.Keys.Any(key => key.StartsWith(Key, StringComparison.Ordinal))
        ? file
        : new SafetensorsFile(
            [.. file.Tensors.Select(entry => file.Metadata.ContainsKey(Key + SparseStorage.Owner(entry.Key))
                && entry.Value.DType == DType.Int32
                ? KeyValuePair.Create(entry.Key, entry.Value.To(DType.Float32))
                : entry)],
            file.Metadata);

    /// <summary>The weights that whole numbers and scales stand for.</summary>
    /// <exception cref="ModelFormatException">Weight and scales do not fit each other.</exception>
    internal static IReadOnlyList<KeyValuePair<string, Tensor>> Decode(
        IReadOnlyList<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string> metadata, string file)
    {
        string[] names = [.. metadata.Keys.Where(key => key.StartsWith(Key, StringComparison.Ordinal)).Select(
            key => key[Key.Length..])];
        if (names.Length == 0)
        {
            return tensors;
        }

        var all = new OrderedDictionary<string, Tensor>(tensors, StringComparer.Ordinal);
        foreach (string name in names)
        {
            bool fits =
                all.TryGetValue(name, out Tensor? weight) & all.TryGetValue(metadata[Key + name], out Tensor? scale)
                && weight is { DType: DType.Float32, Rank: > 0 }
                && scale is { DType: DType.Float32, Rank: 1 }
                && scale.Count == weight.Shape[0];
            all[name] = fits
                ? Scaled(weight!, scale!)
                : throw new ModelFormatException(file, 8, $"int8 weight '{name}' and its scales "
                    + $"'{metadata[Key + name]}' do not fit each other (expected [O, ...] of dtype I8 and [O] of F32)");
        }

        return [.. all];
    }

    /// <summary>
    /// The whole numbers of a weight; null where it is not, bit for bit, what they and the scales give back.
    /// </summary>
    private static Tensor? WholeNumbers(Tensor weight, Tensor scales)
    {
        ReadOnlySpan<float> values = weight.AsSpan<float>(), scale = scales.AsSpan<float>();
        float[] whole = new float[values.Length];
        int length = values.Length / Math.Max(1, scale.Length);
        for (int i = 0; i < whole.Length; i++)
        {
            // Adding zero makes a negative zero positive.
            whole[i] = MathF.Round(values[i] / scale[i / length]) + 0f;
            if (!(whole[i] is >= sbyte.MinValue and <= sbyte.MaxValue) || BitConverter.SingleToInt32Bits(
                whole[i] * scale[i / length]) != BitConverter.SingleToInt32Bits(values[i]))
            {
                return null;
            }
        }

        return Tensor.From(whole, weight.Shape);
    }

    private static Tensor Scaled(Tensor whole, Tensor scales)
    {
        float[] values = whole.ToArray<float>();
        ReadOnlySpan<float> scale = scales.AsSpan<float>();
        int length = values.Length / Math.Max(1, scale.Length);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] *= scale[i / length];
        }

        return Tensor.From(values, whole.Shape);
    }
}
