using System.Globalization;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Imports Resize and Upsample as one node per axis whose length changes, and GridSample.
/// </summary>
internal static class ResizeOperators
{
    private const int ModesOpset = 11;

    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        ElementwiseOperators.Row("Resize", Resize),
        ElementwiseOperators.Row("Upsample", Upsample),
        ElementwiseOperators.Row("GridSample", GridSample),
    ];

    /// <summary>Scales were an attribute before opset 9.</summary>
    private static void Upsample(NodeImport node)
    {
        Tensor scales = node.Opset < 9 ? node.Tensor("scales")
            ?? throw node.Bad("attribute 'scales' is missing") : node.Fixed(1, "the scales").First;
        var form = new Resize(0, 1)
        {
            Mode = Mode(node),
            Coordinates = ResizeCoordinates.Asymmetric,
            Rounding = NearestRounding.Floor,
        };
        Apply(node, form, [.. Enumerable.Range(0, scales.Count)], scales.ToArray<float>(), lengths: null);
    }

    /// <summary>Opset 20 renamed the modes and added volumetric inputs.</summary>
    private static void GridSample(NodeImport node)
    {
        string linear = node.Opset >= 20 ? "linear" : "bilinear", mode = node.Text("mode", linear);
        bool isNearest = mode is "nearest";
        if (!isNearest && !string.Equals(mode, linear, StringComparison.Ordinal))
        {
            throw node.Bad($"attribute 'mode' is not supported (got \"{mode}\", expected {linear} or nearest)");
        }

        var options = new GridSampleOptions
        {
            Interpolation = isNearest ? GridInterpolation.Nearest : GridInterpolation.Bilinear,
            Padding = Value<GridPadding>(node, "padding_mode", "zeros"),
            AlignCorners = node.Int("align_corners", 0) != 0,
        };
        (Value x, Value grid) = (node.Input(0), node.Input(1));
        if (x.Shape.Rank != 4 || x.IsBatched != grid.IsBatched)
        {
            throw node.Bad($"needs an image [N, C, H, W] and one grid per sample (got {x.Shape} and {grid.Shape})");
        }

        node.Result(new GridSample { Options = options }, x, grid);
    }

    private static void Resize(NodeImport node)
    {
        if (node.Opset < ModesOpset)
        {
            Tensor old = node.Fixed(1, "the scales").First;
            var asymmetric = new Resize(0, 1)
            {
                Mode = Mode(node), Coordinates = ResizeCoordinates.Asymmetric, Rounding = NearestRounding.Floor,
            };
            Apply(node, asymmetric, [.. Enumerable.Range(0, old.Count)], old.ToArray<float>(), lengths: null);
            return;
        }

        var form = new Resize(0, 1)
        {
            Mode = Mode(node),
            Coordinates = Value<ResizeCoordinates>(node, "coordinate_transformation_mode", "half_pixel"),
            Rounding = Value<NearestRounding>(node, "nearest_mode", "round_prefer_floor"),
        };
        _ = node.Float("cubic_coeff_a", -0.75f);
        _ = node.Float("extrapolation_value", 0);
        _ = node.Int("exclude_outside", 0);
        if (node.Int("antialias", 0) != 0 || node.Text("keep_aspect_ratio_policy", "stretch") is not "stretch")
        {
            throw node.Bad("antialias and keep_aspect_ratio_policy are not supported");
        }

        bool hasScales = node.Has(2) && node.Fixed(2, "the scales").First.Count > 0;
        int[]? lengths = hasScales ? null : Sizes(node);
        float[] scales = hasScales ? node.Fixed(2, "the scales").First.ToArray<float>() : [];
        int[] axes = node.Ints("axes") ?? [.. Enumerable.Range(0, hasScales ? scales.Length : lengths!.Length)];
        Apply(node, form, axes, scales, lengths);
    }

    /// <summary>Returns the new lengths; only that of axis 0 may depend on the batch.</summary>
    private static int[] Sizes(NodeImport node)
    {
        Known sizes = node.Known(3, "the sizes");
        int[] first = node.Integers(sizes.First, "the sizes"), second = node.Integers(sizes.Second, "the sizes");
        int batch = Array.IndexOf(node.Ints("axes") ?? [0], 0);
        if (node.Input(0).IsBatched && batch >= 0 && batch < first.Length && first.Length == second.Length)
        {
            if (!node.IsBatch(first[batch], second[batch]))
            {
                throw node.Mixed($"resizes the batch (to {first[batch]} of {node.Batches.First}, {second[batch]} of "
                    + $"{node.Batches.Second})");
            }

            second[batch] = first[batch];
        }

        return first.AsSpan().SequenceEqual(second)
            ? first
            : throw node.Mixed("has sizes that depend on the number of samples");
    }

    private static void Apply(NodeImport node, Resize form, int[] axes, float[] scales, int[]? lengths)
    {
        Value result = node.Input(0);
        if (axes.Length != (lengths?.Length ?? scales.Length))
        {
            throw node.Bad("the numbers of scales (or sizes) and axes differ (got "
                + $"{lengths?.Length ?? scales.Length}, expected "
                + $"{axes.Length})");
        }

        for (int i = 0; i < axes.Length; i++)
        {
            int axis = ShapeOperators.Axis(node, axes[i], result.Shape.Rank), length = result.Shape[axis];
            bool isBatch = axis == 0 && result.IsBatched;
            double target = lengths is null ? MathF.Floor(length * scales[i]) : isBatch ? length : lengths[i];
            if (lengths is null && isBatch && scales[i] != 1)
            {
                throw node.Mixed(string.Create(CultureInfo.InvariantCulture, $"resizes the batch (by {scales[i]})"));
            }

            if (!(target is >= 1 and <= 1 << 24))
            {
                throw node.Bad(string.Create(
                    CultureInfo.InvariantCulture,
                    $"axis {axis} cannot be resized (got a new length of {target} for {result.Shape})"));
            }

            bool isSame = (int)target == length && (lengths is not null || scales[i] == 1);
            Resize resize = form with { Axis = axis, Length = (int)target, Scale = lengths is null ? scales[i] : 0 };

            // Before opset 11, rounding is up if the axis becomes shorter, else down.
            resize =
                node.Opset < ModesOpset && resize.Scale < 1 ? resize with { Rounding = NearestRounding.Ceil } : resize;
            result = isSame ? result : node.Add(resize, result);
        }

        node.Set(0, result);
    }

    private static ResizeMode Mode(NodeImport node) => node.Text("mode", "nearest") switch
    {
        "nearest" => ResizeMode.Nearest,
        "linear" or "bilinear" => ResizeMode.Linear,
        var other => throw node.Bad($"attribute 'mode' is not supported (got \"{other}\", expected nearest or linear)"),
    };

    /// <summary>Parses an attribute whose values are the enum's names in snake case.</summary>
    private static TValue Value<TValue>(NodeImport node, string attribute, string usual)
        where TValue : struct, Enum
    {
        string text = node.Text(attribute, usual);
        return Enum.TryParse(text.Replace("_", ""), ignoreCase: true, out TValue value) && Enum.IsDefined(value)
            ? value
            : throw node.Bad($"attribute '{attribute}' is not supported (got \"{text}\")");
    }
}
