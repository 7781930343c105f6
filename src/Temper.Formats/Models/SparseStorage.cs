using System.Globalization;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Models;

/// <summary>
/// Stores pruned tensors in a safetensors file as <c>NAME.sparse.values</c> and either <c>NAME.sparse.bitmap</c> or
/// <c>NAME.sparse.gaps</c>, whichever is smaller. The metadata entry <c>temper.sparse.NAME</c> holds the shape. A mask
/// that is 1 exactly at the stored values is not stored itself, but marked in the metadata.
/// </summary>
internal static class SparseStorage
{
    private const string Key = "temper.sparse.";
    private const string MaskKey = "temper.mask.";
    private const string Values = ".sparse.values";
    private const string Bitmap = ".sparse.bitmap";
    private const string Gaps = ".sparse.gaps";
    private const string MaskBits = ".mask.bitmap";
    private const string IsValue = "value";
    private const string IsBitmap = "bitmap";

    /// <summary>Returns the tensors to store for the parameters; sparse tensors are recorded in the metadata.</summary>
    internal static List<KeyValuePair<string, Tensor>> Encode(
        IReadOnlyList<Parameter> parameters, Dictionary<string, string> metadata)
    {
        var numbers = new List<KeyValuePair<string, Tensor>>();
        foreach (Parameter parameter in parameters)
        {
            SparseTensor sparse = SparseTensor.Of(parameter.Value);
            Add(numbers, metadata, parameter.Name, parameter.Value, sparse);
            if (parameter.Mask is { } mask)
            {
                int[] open = [.. Enumerable.Range(0, mask.Count).Where(i => mask.AsSpan<float>()[i] != 0)];
                bool follows = open.AsSpan().SequenceEqual(sparse.Indices);
                metadata[MaskKey + parameter.Name] = follows ? IsValue : IsBitmap;
                if (!follows)
                {
                    numbers.Add(new(parameter.Name + MaskBits, Bytes(SparseTensor.BitmapOf(open, mask.Count))));
                }
            }
        }

        return numbers;
    }

    /// <summary>Returns the name of the parameter whose values a stored tensor holds.</summary>
    internal static string Owner(string name) =>
        name.EndsWith(Values, StringComparison.Ordinal) ? name[..^Values.Length] : name;

    /// <summary>Returns the tensors of a file, with sparse tensors made dense and masks as <c>NAME.mask</c>.</summary>
    /// <exception cref="ModelFormatException">A sparse tensor is inconsistent.</exception>
    internal static IReadOnlyList<KeyValuePair<string, Tensor>> Decode(SafetensorsFile file, string name)
    {
        string[] sparse = [.. file.Metadata.Keys.Where(key => key.StartsWith(Key, StringComparison.Ordinal)).Select(
            key => key[Key.Length..])];
        string[] masks = [.. file.Metadata.Keys.Where(key => key.StartsWith(MaskKey, StringComparison.Ordinal)).Select(
            key => key[MaskKey.Length..])];
        if (sparse.Length + masks.Length == 0)
        {
            return file.Tensors;
        }

        var tensors = new OrderedDictionary<string, Tensor>(file.Tensors, StringComparer.Ordinal);
        long stored = tensors.Sum(entry => (long)entry.Value.Count), dense = 0;
        try
        {
            foreach (string tensor in sparse)
            {
                SparseTensor found = Read(file, tensor);
                dense += found.Shape.Count;
                if (SparseTensor.IsTooLarge(dense, stored))
                {
                    throw new FormatException(
                        $"a tensor of shape {found.Shape} is too large for a file of {stored} elements");
                }

                tensors[tensor] = found.ToDense();
                foreach (string part in (string[])[Values, Bitmap, Gaps])
                {
                    tensors.Remove(tensor + part);
                }
            }

            foreach (string tensor in masks)
            {
                tensors[tensor + ModelFile.MaskSuffix] = MaskOf(file, tensors, tensor);
                tensors.Remove(tensor + MaskBits);
            }
        }
        catch (Exception error) when (error is KeyNotFoundException or ArgumentException or OverflowException
            || (error is FormatException && error is not ModelFormatException))
        {
            throw new ModelFormatException(name, $"sparse tensors: {error.Message}", error);
        }

        return [.. tensors];
    }

    /// <summary>Returns one tensor as stored, without making it dense.</summary>
    /// <exception cref="FormatException">Values, indices and shape do not match.</exception>
    internal static SparseTensor Read(SafetensorsFile file, string name)
    {
        var found = file.Tensors.Where(entry => entry.Key.StartsWith(name + ".sparse.", StringComparison.Ordinal))
            .ToDictionary(StringComparer.Ordinal);
        Shape shape = Shape.Create(
            [.. file.Metadata[Key + name].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(
                length => int.Parse(length, NumberStyles.None, CultureInfo.InvariantCulture))]);
        bool isBitmap = found.TryGetValue(name + Bitmap, out Tensor? indices);
        if (!found.TryGetValue(name + Values, out Tensor? values)
            || (!isBitmap && !found.TryGetValue(name + Gaps, out indices))
            || values.DType != DType.Float32 || indices!.DType != DType.UInt8)
        {
            throw new FormatException($"'{name}' has no float32 values, or no uint8 bitmap or gaps");
        }

        ReadOnlySpan<byte> bytes = indices.AsSpan<byte>();
        int[] kept = isBitmap
            ? SparseTensor.IndicesOfBitmap(bytes, shape.Count)
            : SparseTensor.IndicesOfGaps(bytes, shape.Count);
        return kept.Length == values.Count
            ? new SparseTensor(shape, values.ToArray<float>(), kept)
            : throw new FormatException(
                $"'{name}' has different numbers of values and indices (got {values.Count}, expected {kept.Length})");
    }

    private static void Add(
        List<KeyValuePair<string, Tensor>> numbers, Dictionary<string, string> metadata, string name, Tensor dense,
        SparseTensor sparse)
    {
        byte[] bitmap = sparse.Bitmap(), gaps = sparse.Gaps();
        byte[] indices = gaps.Length < bitmap.Length ? gaps : bitmap;
        int size = Int8Storage.IsBytes(name, metadata) ? sizeof(sbyte) : sizeof(float);
        if ((size * (long)sparse.Values.Length) + indices.Length >= size * (long)dense.Count)
        {
            numbers.Add(new(name, dense));
            return;
        }

        metadata[Key + name] = string.Join(',', dense.Shape);
        numbers.Add(new(name + Values, Tensor.From(sparse.Values, [sparse.Values.Length])));
        numbers.Add(new(name + (indices == gaps ? Gaps : Bitmap), Bytes(indices)));
    }

    private static Tensor MaskOf(SafetensorsFile file, OrderedDictionary<string, Tensor> tensors, string name)
    {
        Tensor value = tensors[name];
        int[] open = file.Metadata[MaskKey + name] switch
        {
            IsValue when value.DType == DType.Float32 => SparseTensor.Of(value).Indices,
            IsBitmap when tensors[name + MaskBits] is { DType: DType.UInt8 } bits =>
                SparseTensor.IndicesOfBitmap(bits.AsSpan<byte>(), value.Count),
            var other => throw new FormatException($"'{name}' has an unknown mask (got '{other}')"),
        };
        byte[] mask = new byte[value.Count];
        Array.ForEach(open, index => mask[index] = 1);
        return Tensor.From(mask, value.Shape);
    }

    private static Tensor Bytes(byte[] bytes) => Tensor.From(bytes, [bytes.Length]);
}
