using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Determines the shapes of a model's inputs in the network: with a free batch, or as declared by the model, the given
/// shapes or the given values.
/// </summary>
/// <param name="file">Path or name of the file, for errors.</param>
/// <param name="options">Given values, shapes and lengths.</param>
/// <param name="inputs">The inputs that have no initializer.</param>
/// <param name="free">Whether axis 0 becomes a batch of free size.</param>
internal sealed class InputShapes(
    string file, OnnxImportOptions options, IReadOnlyList<OnnxValueInfo> inputs, bool free)
{
    private const int OtherBatch = 7;
    private const int ImageRank = 4;

    /// <summary>Whether the length of axis 0 is dynamic for an input.</summary>
    internal bool IsOpen { get; } = inputs.Any(input => input.Axes is [{ Length: <= 0 }, ..]);

    /// <summary>Whether the inputs with two or more axes declare the same length of axis 0.</summary>
    private bool HasCommonLength { get; } = inputs.Where(input => input.Axes is { Count: > 1 })
        .Select(input => input.Axes![0].Length).Distinct().Count() < 2;

    /// <summary>
    /// Returns the two batch sizes for which values that depend on the batch are computed: the declared one (or 1) and
    /// another.
    /// </summary>
    internal (int First, int Second) Batches()
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
            OnnxType.Undefined =>
                throw Bad(input, "is not a tensor; sequences, maps and optional values are not supported"),
            _ => throw Bad(input, $"has element type {input.Type} (expected Float, Int64, Int32, UInt8 or Bool); "
                + "convert the model"),
        };
        if (options.Values.TryGetValue(input.Name, out Tensor? value))
        {
            CheckAxes(input, value.Shape, from: 0);
            return value.DType == type
                ? new InputSpec { Name = name, SampleShape = value.Shape, DType = type, IsBatched = false }
                : throw Bad(input, $"does not match the given value (got {value.DType}, expected {type})");
        }

        if (options.Shapes.TryGetValue(input.Name, out Shape? shape))
        {
            CheckAxes(input, shape, from: 1);
        }

        bool isBatched = IsBatched(input);
        int rank = input.Axes?.Count ?? throw Bad(input, "has no shape; give its value or shape");
        int[] lengths = [.. Enumerable.Range(isBatched ? 1 : 0, rank - (isBatched ? 1 : 0)).Select(
            axis => Length(input, axis))];
        try
        {
            return new InputSpec
            {
                Name = name, SampleShape = Shape.Create(lengths), DType = type, IsBatched = isBatched,
            };
        }
        catch (Exception error) when (error is ArgumentException or OverflowException)
        {
            throw Bad(input, $"is too large (got [{string.Join(", ", lengths.Take(8))}] with {lengths.Length} axes, "
                + "expected at most 2^31 - 1 elements)");
        }
    }

    /// <summary>
    /// Axis 0 is the batch if its length is dynamic. If no input has a dynamic axis 0, it is the batch of all inputs
    /// with two or more axes, unless these declare different lengths. If another input has one, a declared length is
    /// kept as it is.
    /// </summary>
    private bool IsBatched(OnnxValueInfo input) => free && input.Axes is { Count: > 0 } axes
        && (IsOpen ? axes[0].Length <= 0 : axes.Count > 1 && HasCommonLength);

    /// <summary>Throws if a shape differs from the declared rank or from a declared length.</summary>
    private void CheckAxes(OnnxValueInfo input, Shape shape, int from)
    {
        if (input.Axes is not { } axes)
        {
            return;
        }

        bool fits = shape.Rank == axes.Count && Enumerable.Range(0, shape.Rank).All(
            axis => axis < from || axes[axis].Length <= 0 || axes[axis].Length == shape[axis]);
        if (!fits)
        {
            throw Bad(input, $"does not match the given shape (got {shape}, expected "
                + $"[{string.Join(", ", axes.Select((axis, i) => Text(axis, i)))}] as the file declares); give an "
                + "input of this shape");
        }
    }

    private static string Text(OnnxAxis axis, int number) =>
        axis.Length > 0 ? $"{axis.Length}" : axis.Name.Length > 0 ? axis.Name : $"any length of axis {number}";

    private int Length(OnnxValueInfo input, int axis) => input.Axes![axis].Length switch
    {
        > 0 and <= int.MaxValue and var length => (int)length,
        > int.MaxValue and var length =>
            throw Bad(input, $"has an axis that is too long (got {length}, expected at most {int.MaxValue})"),
        _ when options.Shapes.TryGetValue(input.Name, out Shape? shape) => shape[axis],
        _ when axis == 0 => options.Batch,
        _ when Pixels(input, axis) is { } length => length,
        _ => throw Bad(
            input, $"leaves the length of axis {axis} open ('{input.Axes[axis].Name}'); give the height and width with "
                + "--size, the input's shape or value, or export the model with a fixed length"),
    };

    /// <summary>
    /// Returns the given height or width if the axis is one of these in a rank-4 input: the last two axes, or the
    /// middle two if the last axis is a declared number of channels.
    /// </summary>
    private int? Pixels(OnnxValueInfo input, int axis)
    {
        if (options.Size is not var (height, width) || input.Axes!.Count != ImageRank)
        {
            return null;
        }

        bool isChannelsLast = input.Axes[1].Length <= 0 && input.Axes[3].Length > 0;
        return (axis - (isChannelsLast ? 1 : 2)) switch { 0 => height, 1 => width, _ => null };
    }

    private ModelFormatException Bad(OnnxValueInfo input, string reason) =>
        new(file, $"ONNX: input '{input.Name}' {reason}");
}
