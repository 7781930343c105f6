using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Samples images <c>[N, C, H, W]</c> at the points of grids <c>[N, height, width, 2]</c>, with one grid per image
/// (ONNX GridSample).
/// </summary>
public sealed record GridSample : Operator
{
    /// <summary>Interpolation, padding and corner alignment.</summary>
    public GridSampleOptions Options { get; init; } = new();

    /// <inheritdoc/>
    public override string Kind => "GridSample";

    /// <inheritdoc/>
    public override (int Min, int Max) InputCount => (2, 2);

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        (Shape x, Shape grid) = (inputs[0], inputs[1]);
        WindowAttributes.CheckImage(x, node);
        return grid.Rank == 4 && grid[3] == 2 && grid[0] == x[0] && x[2] > 0 && x[3] > 0
            ? [x[0], x[1], grid[1], grid[2]]
            : throw new ShapeMismatchException(
                node, x, grid, "an image [N, C, H, W] with pixels and a grid [N, height, width, 2]");
    }

    /// <summary>Counts four MACs per output element; none for nearest-pixel interpolation.</summary>
    /// <inheritdoc/>
    public override long Macs(IReadOnlyList<Shape> inputs, Shape output) =>
        Options.Interpolation == GridInterpolation.Nearest ? 0 : 4L * output.Count;

    internal static GridSample From(OperatorAttributes attributes) => new()
    {
        Options = new GridSampleOptions
        {
            Interpolation = attributes.Choice<GridInterpolation>("mode"),
            Padding = attributes.Choice<GridPadding>("padding_mode"),
            AlignCorners = attributes.Int("align_corners", 0) != 0,
        },
    };

    /// <summary>A grid without a batch axis fits batched images only if there is one sample.</summary>
    internal override bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) =>
        inputs[0].IsBatched == inputs[1].IsBatched;

    internal override Tensor Forward(in NodeContext context) => context.X.GridSample(context.Inputs[1], Options);

    private protected override OperatorAttributes Attributes() => OperatorAttributes.Empty
        .With("mode", Options.Interpolation.ToString())
        .With("padding_mode", Options.Padding.ToString()).With("align_corners", Options.AlignCorners);
}

public sealed partial class Value
{
    /// <summary>Adds sampling of this image at the points of a grid.</summary>
    /// <param name="grid">Sampling points <c>[N, height, width, 2]</c>: x and y from -1 to 1.</param>
    /// <param name="options">
    /// Interpolation, padding and corner alignment; null: bilinear, zeros outside the image, corners not aligned.
    /// </param>
    /// <param name="name">Name of the node.</param>
    /// <returns><c>[N, C, height, width]</c>.</returns>
    public Value GridSample(Value grid, GridSampleOptions? options = null, string? name = null) =>
        Apply(new GridSample { Options = options ?? new GridSampleOptions() }, name, grid);
}
