using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>What a model's inputs look like in the network: with a free batch, or as the model or given values say.</summary>
internal sealed class InputShapes(string file, IReadOnlyDictionary<string, Tensor> values, bool free)
{
    private const int OtherBatch = 7;

    /// <summary>The two lengths for which values that depend on the batch are computed: the model's own, or 1, and another.</summary>
    internal (int First, int Second) Batches(IEnumerable<OnnxValueInfo> inputs)
    {
        long own = inputs.Where(IsBatched).Select(input => input.Axes![0].Length).FirstOrDefault(-1);
        int first = own is > 0 and < 1 << 20 ? (int)own : 1;
        return (first, first == OtherBatch ? OtherBatch + 4 : OtherBatch);
    }

    internal InputSpec Spec(OnnxValueInfo input, string name)
    {
        DType type = input.Type switch
        {
            OnnxType.Float => DType.Float32,
            OnnxType.Int64 => DType.Int64,
            OnnxType.Int32 => DType.Int32,
            OnnxType.UInt8 => DType.UInt8,
            OnnxType.Bool => DType.Bool,
            OnnxType.Undefined => throw Bad(input, "is no tensor; sequences, maps and optional values are not supported"),
            _ => throw Bad(input, $"has element type {input.Type} (expected Float, Int64, Int32, UInt8 or Bool); convert the model"),
        };
        if (values.TryGetValue(input.Name, out Tensor? value))
        {
            return value.DType == type
                ? new InputSpec { Name = name, SampleShape = value.Shape, DType = type, IsBatched = false }
                : throw Bad(input, $"does not fit the given value (got {value.DType}, expected {type})");
        }

        bool isBatched = IsBatched(input);
        OnnxAxis[] axes = [.. (input.Axes ?? throw Bad(input, "has no shape; give its value or shape")).Skip(isBatched ? 1 : 0)];
        int[] lengths = [.. axes.Select((axis, i) => Length(input, axis, isFirst: i == 0 && !isBatched))];
        return new InputSpec { Name = name, SampleShape = Shape.Create(lengths), DType = type, IsBatched = isBatched };
    }

    /// <summary>Axis 0 is the batch where its length is free, or where a value of several axes has it.</summary>
    private bool IsBatched(OnnxValueInfo input) => free && input.Axes is { Count: > 0 } axes && (axes[0].Length <= 0 || axes.Count > 1);

    private int Length(OnnxValueInfo input, OnnxAxis axis, bool isFirst) => axis.Length switch
    {
        > 0 and <= int.MaxValue => (int)axis.Length,
        <= 0 when isFirst => 1,
        _ => throw Bad(input, $"has an axis without a length ('{axis.Name}'); give the input's value or export the model with a fixed length"),
    };

    private ModelFormatException Bad(OnnxValueInfo input, string reason) => new(file, 0, $"ONNX: input '{input.Name}' {reason}");
}
