using Temper.Tensors;

namespace Temper.Networks;

/// <summary>How elements between others are found.</summary>
public enum ResizeMode
{
    /// <summary>The nearest element.</summary>
    Nearest,

    /// <summary>
    /// Between the two neighbors along each axis, by their distance; beyond the edge the edge's element.
    /// </summary>
    Linear,
}

/// <summary>
/// Where position i of the result lies in the input, for a scale s and lengths L before and after; names are those of
/// ONNX.
/// </summary>
public enum ResizeCoordinates
{
    /// <summary><c>(i + 1/2) / s - 1/2</c>.</summary>
    HalfPixel,

    /// <summary>The same, but 0 for a result of length 1.</summary>
    PytorchHalfPixel,

    /// <summary><c>i / s</c>.</summary>
    Asymmetric,

    /// <summary><c>i (L_in - 1) / (L_out - 1)</c>: the corners meet.</summary>
    AlignCorners,

    /// <summary>
    /// As <see cref="HalfPixel"/>, the input's middle at the result's middle also where the scale does not divide.
    /// </summary>
    HalfPixelSymmetric,
}

/// <summary>Which element is nearest to a position; names are those of ONNX.</summary>
public enum NearestRounding
{
    /// <summary>The nearest, the lower one of two.</summary>
    RoundPreferFloor,

    /// <summary>The nearest, the upper one of two.</summary>
    RoundPreferCeil,

    /// <summary>The one below.</summary>
    Floor,

    /// <summary>The one above.</summary>
    Ceil,
}

/// <summary>
/// One axis in another length, by nearest elements or linearly between two (ONNX Resize; several axes are several
/// nodes).
/// </summary>
/// <param name="Axis">The axis, of a batched value not the batch; -1 is the last.</param>
/// <param name="Length">Its length in the result, one or more.</param>
public sealed record Resize(int Axis, int Length) : Operator
{
    /// <summary>
    /// Length of the result over length of the input, as positions are computed; 0: what the lengths say.
    /// </summary>
    public float Scale { get; init; }

    /// <summary>How elements between others are found.</summary>
    public ResizeMode Mode { get; init; }

    /// <summary>Where a position of the result lies in the input.</summary>
    public ResizeCoordinates Coordinates { get; init; }

    /// <summary>Which element is nearest.</summary>
    public NearestRounding Rounding { get; init; }

    /// <inheritdoc/>
    public override string Kind => "Resize";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        int axis = AxisAttributes.Check(inputs[0], Axis, node);
        return Length > 0 && inputs[0][axis] > 0
            ? inputs[0].With(axis, Length)
            : throw new ShapeMismatchException(
                node, inputs[0], $"an axis {Axis} with elements, and a new length of 1 or more (it is {Length})");
    }

    internal static Resize From(OperatorAttributes attributes) =>
        new(attributes.Int("axis"), attributes.Positive("length"))
    {
        Scale = attributes.Float("scale", 0),
        Mode = attributes.Choice<ResizeMode>("mode"),
        Coordinates = attributes.Choice<ResizeCoordinates>("coordinates"),
        Rounding = attributes.Choice<NearestRounding>("rounding"),
    };

    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].Shape.IsBehindBatch(Axis);

    internal override AxisChannels[] TraceChannels(ChannelTrace trace) =>
        trace.Keep(AxisAttributes.Check(trace.Output, Axis, Kind));

    internal override Tensor Forward(in NodeContext context)
    {
        Tensor x = context.X;
        int axis = AxisAttributes.Check(x.Shape, Axis, context.Node.Name), length = x.Shape[axis];
        double[] positions = [.. Enumerable.Range(0, Length).Select(i => PositionOf(i, length))];
        if (Mode == ResizeMode.Nearest)
        {
            return Chosen(x, axis, [.. positions.Select(position => Math.Clamp(Nearest(position), 0, length - 1))]);
        }

        // (1 - t) a + t b with neighbors a and b and the distance t from the first.
        double[] inside = [.. positions.Select(position => Math.Clamp(position, 0, length - 1))];
        Shape along = Shape.Create([.. Enumerable.Range(0, x.Rank).Select(i => i == axis ? Length : 1)]);
        Tensor t =
            Tensor.From((float[])[.. inside.Select(position => (float)(position - Math.Floor(position)))], along);
        Tensor a = Chosen(x, axis, [.. inside.Select(position => (long)Math.Floor(position))]);
        Tensor b =
            Chosen(x, axis, [.. inside.Select(position => Math.Min((long)Math.Floor(position) + 1, length - 1))]);
        return a + (t * (b - a));
    }

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty
        .With("axis", Axis).With("length", Length).With("scale", Scale).With("mode", Mode.ToString())
        .With("coordinates", Coordinates.ToString()).With("rounding", Rounding.ToString());

    private static Tensor Chosen(Tensor x, int axis, long[] positions) =>
        x.IndexSelect(axis, Tensor.From(positions, [positions.Length]));

    /// <summary>
    /// In float32, as other runtimes compute it: where a position falls on an element, doubles would take the next one.
    /// </summary>
    private double PositionOf(int i, int length)
    {
        float scale = Scale > 0 ? Scale : (float)Length / length;
        return Coordinates switch
        {
            ResizeCoordinates.Asymmetric => i / scale,
            ResizeCoordinates.AlignCorners => Length == 1 ? 0 : (double)i * (length - 1) / (Length - 1),
            ResizeCoordinates.PytorchHalfPixel when Length == 1 => 0,
            ResizeCoordinates.HalfPixelSymmetric =>
                (length / 2.0 * (1 - (Length / ((double)scale * length)))) + ((i + 0.5f) / scale) - 0.5f,
            _ => ((i + 0.5f) / scale) - 0.5f,
        };
    }

    private long Nearest(double position) => Rounding switch
    {
        NearestRounding.Floor => (long)Math.Floor(position),
        NearestRounding.Ceil => (long)Math.Ceiling(position),
        NearestRounding.RoundPreferCeil => (long)Math.Floor(position + 0.5),
        _ => (long)Math.Ceiling(position - 0.5),
    };
}
