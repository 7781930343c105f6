using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Interpolation methods of a resize.</summary>
public enum ResizeMode
{
    /// <summary>The nearest element.</summary>
    Nearest,

    /// <summary>
    /// Linear interpolation between the two neighbors along the axis. Outside the input, the edge element is used.
    /// </summary>
    Linear,
}

/// <summary>
/// Maps index i of the result to a position in the input, for a scale s and the axis lengths L_in and L_out; the names
/// are those of ONNX.
/// </summary>
public enum ResizeCoordinates
{
    /// <summary><c>(i + 1/2) / s - 1/2</c>.</summary>
    HalfPixel,

    /// <summary>Like <see cref="HalfPixel"/>, but 0 if the result has length 1.</summary>
    PytorchHalfPixel,

    /// <summary><c>i / s</c>.</summary>
    Asymmetric,

    /// <summary><c>i (L_in - 1) / (L_out - 1)</c>: the first and last elements are aligned.</summary>
    AlignCorners,

    /// <summary>
    /// Like <see cref="HalfPixel"/>, with the centers of input and result aligned even if the length is not exactly
    /// scaled.
    /// </summary>
    HalfPixelSymmetric,
}

/// <summary>Rounding of a position to the nearest element; the names are those of ONNX.</summary>
public enum NearestRounding
{
    /// <summary>Nearest element; halfway cases round down.</summary>
    RoundPreferFloor,

    /// <summary>Nearest element; halfway cases round up.</summary>
    RoundPreferCeil,

    /// <summary>Round down.</summary>
    Floor,

    /// <summary>Round up.</summary>
    Ceil,
}

/// <summary>
/// Resizes one axis with nearest-neighbor or linear interpolation (ONNX Resize; several axes need several nodes).
/// </summary>
/// <param name="Axis">The axis; -1 is the last. Must not be the batch axis of a batched value.</param>
/// <param name="Length">Length of the axis in the result, 1 or more.</param>
public sealed record Resize(int Axis, int Length) : Operator
{
    /// <summary>
    /// Scale used to compute positions: output length / input length. 0 (default): computed from the lengths.
    /// </summary>
    public float Scale { get; init; }

    /// <summary>Interpolation method. Default: nearest.</summary>
    public ResizeMode Mode { get; init; }

    /// <summary>Mapping from output indices to input positions. Default: half-pixel.</summary>
    public ResizeCoordinates Coordinates { get; init; }

    /// <summary>Rounding of positions for nearest-neighbor interpolation. Default: round, halfway cases down.</summary>
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
                node, inputs[0], $"a nonempty axis {Axis} and a new length of 1 or more (it is {Length})");
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

        // (1 - t) a + t b, with neighbors a and b and t the distance from a.
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
    /// Computed in float32 like other runtimes: in double, a position close to an element could round to its neighbor.
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
