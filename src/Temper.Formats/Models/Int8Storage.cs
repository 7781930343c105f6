using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Models;

/// <summary>
/// Stores 8-bit weights in a safetensors file: a tensor of dtype I8 with the name of the weight (or
/// <c>NAME.sparse.values</c> if it is sparse). Multiplied by the buffer <c>weight_scale</c> of its layer it gives the
/// weight. The metadata entry <c>temper.int8.NAME</c> holds the name of that buffer.
/// </summary>
internal static class Int8Storage
{
    private const string Key = "temper.int8.";

    /// <summary>
    /// Returns the parameters of a network, with 8-bit weights as integers in float32; records them in the metadata.
    /// </summary>
    /// <remarks>A weight that is not exactly a multiple of its scales (for example during training) is not
    /// changed.</remarks>
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

    /// <summary>Converts the tensors that hold 8-bit integers to int32.</summary>
    /// <returns>All tensors, and the names of those to be written as I8.</returns>
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

    /// <summary>Whether a tensor is written as I8.</summary>
    internal static bool IsBytes(string name, IReadOnlyDictionary<string, string> metadata) =>
        metadata.ContainsKey(Key + name);

    /// <summary>
    /// Converts the 8-bit tensors of a file to float32, before sparse tensors are made dense.
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

    /// <summary>Multiplies 8-bit weights by their scales.</summary>
    /// <exception cref="ModelFormatException">A weight and its scales do not match.</exception>
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
                : throw new ModelFormatException(file, $"int8 weight '{name}' and its scales "
                    + $"'{metadata[Key + name]}' do not match (expected [O, ...] of dtype I8 and [O] of F32)");
        }

        return [.. all];
    }

    /// <summary>
    /// Returns a weight divided by its scales, as integers; null if multiplying back does not give the same bits.
    /// </summary>
    private static Tensor? WholeNumbers(Tensor weight, Tensor scales)
    {
        ReadOnlySpan<float> values = weight.AsSpan<float>(), scale = scales.AsSpan<float>();
        float[] whole = new float[values.Length];
        int length = values.Length / Math.Max(1, scale.Length);
        for (int i = 0; i < whole.Length; i++)
        {
            // Adding zero turns negative zero into positive zero.
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
