using System.Globalization;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports operators whose results are known at import time.</summary>
internal static class ConstantOperators
{
    private const int MaxElements = 1 << 20;

    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        ElementwiseOperators.Row("Constant", Constant),
        ElementwiseOperators.Row("ConstantOfShape", ConstantOfShape),
        ElementwiseOperators.Row("Shape", Shape),
        ElementwiseOperators.Row("Size", Size),
        ElementwiseOperators.Row("Range", Range),
        ElementwiseOperators.Row("Cast", Cast),
    ];

    private static void Constant(NodeImport node)
    {
        foreach (string form in (string[])["value", "value_float", "value_int", "value_floats", "value_ints"])
        {
            if (node.Tensor(form) is { } value)
            {
                node.Set(0, Known.Of(node.Name, value));
                return;
            }
        }

        throw node.Bad("has no numeric value (texts and sparse tensors are not supported)");
    }

    private static void ConstantOfShape(NodeImport node)
    {
        int[] lengths = node.Integers(0, "the shape");
        Tensor value = node.Tensor("value") ?? Tensor.Scalar(0f);
        long count = lengths.Aggregate(1L, (product, length) =>
            length < 0 ? long.MaxValue : Math.Min(product * Math.Min(length, MaxElements + 1), MaxElements + 1L));
        if (count > MaxElements || value.Count != 1)
        {
            throw node.Bad($"shape or value is invalid (got [{string.Join(", ", lengths.Take(8))}] and {value.Count} "
                + $"values, expected at most {MaxElements} elements of one value)");
        }

        node.Charge(count);
        node.Set(
            0, Known.Of(node.Name, value.Reshape([.. lengths.Select(_ => 1)]).Expand(Tensors.Shape.Create(lengths))));
    }

    /// <summary>
    /// The first length of a batched value depends on the batch size, so it is computed for both batch sizes.
    /// </summary>
    private static void Shape(NodeImport node)
    {
        MovedBatch x = node.Moved(0) ?? MovedBatch.Of(node.Input(0), node.Name);
        int rank = x.Rank;
        int start = Index(node.Int("start", 0), rank), end = Math.Max(start, Index(node.Int("end", rank), rank));
        node.Set(0, Known.Of(node.Name, Lengths(node.Batches.First), x.Inner.IsBatched
            ? Lengths(node.Batches.Second)
            : Lengths(node.Batches.First), isFromInitializer: false));

        Tensor Lengths(int batch)
        {
            long[] all = x.Inner.IsBatched
                ? x.Lengths(batch)
                : [.. x.Inner.Shape.Select(length => (long)length)];
            return Tensor.From(all[start..end], [end - start]);
        }
    }

    private static int Index(long index, int rank) => (int)Math.Clamp(index < 0 ? index + rank : index, 0, rank);

    private static void Size(NodeImport node)
    {
        Value x = node.Input(0);
        long count = x.Shape.Count;
        node.Set(0, x.IsBatched
            ? Known.Of(
                node.Name, Tensor.Scalar(count * node.Batches.First), Tensor.Scalar(count * node.Batches.Second),
                isFromInitializer: false)
            : Known.Of(node.Name, Tensor.Scalar(count)));
    }

    private static void Range(NodeImport node)
    {
        Tensor start = node.Single(0, "the start"), limit = node.Single(1, "the limit"),
            step = node.Single(2, "the step");
        double first = Number(start), delta = Number(step);
        double count = Math.Max(0, Math.Ceiling((Number(limit) - first) / delta));
        if (!(count <= MaxElements))
        {
            throw node.Bad(string.Create(
                CultureInfo.InvariantCulture,
                $"has too many elements (got {count}, expected at most {MaxElements})"));
        }

        node.Charge((long)count);
        double[] values = [.. Enumerable.Range(0, (int)count).Select(i => first + (i * delta))];
        node.Set(0, Known.Of(node.Name, start.DType switch
        {
            DType.Int64 => Tensor.From(Array.ConvertAll(values, v => (long)v), [values.Length]),
            DType.Int32 => Tensor.From(Array.ConvertAll(values, v => (int)v), [values.Length]),
            _ => Tensor.From(Array.ConvertAll(values, v => (float)v), [values.Length]),
        }));

        static double Number(Tensor scalar) =>
            scalar.DType == DType.Int64 ? scalar.ToArray<long>()[0] : scalar.To(DType.Float32).ToScalar();
    }

    private static void Cast(NodeImport node)
    {
        _ = node.Int("saturate", 1);
        _ = node.Text("round_mode", "up");
        var type = (OnnxType)node.Int("to");
        DType to = type switch
        {
            // As with float16 initializers, what follows is computed in float32.
            OnnxType.Float or OnnxType.Float16 => DType.Float32,
            OnnxType.Int64 => DType.Int64,
            OnnxType.Int32 => DType.Int32,
            OnnxType.UInt8 => DType.UInt8,
            OnnxType.Bool => DType.Bool,
            _ => throw node.Bad(
                $"casts to {type}, which is not supported (expected Float, Float16, Int64, Int32, UInt8 or Bool)"),
        };
        Value x = to == DType.Float32 ? node.QuantizedInput(0) : node.Input(0);
        if (x.DType == to)
        {
            node.Set(0, x);
        }
        else
        {
            node.Result(new Cast(to), x);
        }
    }
}
