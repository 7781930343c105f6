using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Shape checks of convolutions, and the sizes passed to their kernels.</summary>
internal static class Conv2dShapes
{
    /// <summary>Checks the shapes of a convolution and returns its sizes.</summary>
    internal static ConvolutionGeometry Check(Tensor x, Tensor weight, Tensor? bias, Conv2dOptions options)
    {
        CheckRanks("Conv2d", x, weight, options);
        int channels = weight.Shape[1] * options.Groups;
        if (x.Shape[1] != channels || weight.Shape[0] % options.Groups != 0)
        {
            throw new ShapeMismatchException(
                "Conv2d", x.Shape, weight.Shape,
                $"expected input [N, {channels}, H, W] and output channels divisible by {options.Groups} groups");
        }

        CheckBias("Conv2d", bias, weight.Shape[0]);
        RequirePadded("Conv2d", x.Shape, (x.Shape[1], x.Shape[2], x.Shape[3]), options.Padding);
        ConvolutionGeometry geometry = Geometry(x.Shape, weight.Shape, options);
        return geometry.OutHeight > 0 && geometry.OutWidth > 0
            ? geometry
            : throw new ShapeMismatchException(
                "Conv2d", x.Shape, $"an input at least as large as the kernel of weight {weight.Shape}");
    }

    /// <summary>
    /// Checks the shapes of a transposed convolution. Returns the shape of its result, and the sizes of the convolution
    /// whose input gradient it is.
    /// </summary>
    internal static (Shape Output, ConvolutionGeometry Geometry) CheckTransposed(
        Tensor x, Tensor weight, Tensor? bias, Conv2dOptions options)
    {
        CheckRanks("ConvTranspose2d", x, weight, options);
        if (x.Shape[1] != weight.Shape[0] || weight.Shape[0] % options.Groups != 0)
        {
            throw new ShapeMismatchException(
                "ConvTranspose2d", x.Shape, weight.Shape,
                $"expected input [N, {weight.Shape[0]}, H, W], channels divisible by {options.Groups} groups");
        }

        if (options.OutputPadding.Height < 0 || options.OutputPadding.Width < 0
            || options.OutputPadding.Height >= options.Stride.Height
            || options.OutputPadding.Width >= options.Stride.Width)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), "ConvTranspose2d: output padding must be 0 or more and less than the stride (got "
                    + $"{options.OutputPadding}, expected less than {options.Stride})");
        }

        int outputs = weight.Shape[1] * options.Groups;
        CheckBias("ConvTranspose2d", bias, outputs);
        (Padding2d pad, (int Height, int Width) extra) = (options.Padding, options.OutputPadding);
        long height = Length(
            x.Shape[2], weight.Shape[2], options.Stride.Height, options.Dilation.Height, (long)pad.Top + pad.Bottom,
            extra.Height);
        long width = Length(
            x.Shape[3], weight.Shape[3], options.Stride.Width, options.Dilation.Width, (long)pad.Left + pad.Right,
            extra.Width);
        if (height <= 0 || width <= 0)
        {
            throw new ShapeMismatchException(
                "ConvTranspose2d", x.Shape, "an input whose output is larger than the padding");
        }

        RequirePadded("ConvTranspose2d", x.Shape, (outputs, height, width), pad);
        Shape output = [x.Shape[0], outputs, (int)height, (int)width];
        return (output, Geometry(output, weight.Shape, options));

        static long Length(int input, int kernel, int stride, int dilation, long padding, int extra) =>
            ((input - 1L) * stride) + ((kernel - 1L) * dilation) + 1 + extra - padding;
    }

    /// <summary>
    /// Throws if a padded image has more elements than a tensor may have, because kernels count them in 32 bits.
    /// </summary>
    internal static void RequirePadded(
        string operation, Shape input, (int Channels, long Height, long Width) image, Padding2d pad)
    {
        double elements = Math.Max(image.Channels, 1) * ((double)image.Height + pad.Top + pad.Bottom)
            * ((double)image.Width + pad.Left + pad.Right);
        if (elements > int.MaxValue)
        {
            throw new ShapeMismatchException(
                operation, input, $"a padded image of at most {int.MaxValue} elements; use less padding");
        }
    }

    /// <summary>Collects the sizes of a convolution.</summary>
    internal static ConvolutionGeometry Geometry(Shape input, Shape weight, Conv2dOptions options) => new()
    {
        Batch = input[0],
        InChannels = input[1],
        InHeight = input[2],
        InWidth = input[3],
        OutChannels = weight[0],
        KernelHeight = weight[2],
        KernelWidth = weight[3],
        StrideHeight = options.Stride.Height,
        StrideWidth = options.Stride.Width,
        DilationHeight = options.Dilation.Height,
        DilationWidth = options.Dilation.Width,
        PadTop = options.Padding.Top,
        PadLeft = options.Padding.Left,
        PadBottom = options.Padding.Bottom,
        PadRight = options.Padding.Right,
        Groups = options.Groups,
    };

    private static void CheckRanks(string operation, Tensor x, Tensor weight, Conv2dOptions options)
    {
        if (x.Rank != 4)
        {
            throw new ShapeMismatchException(operation, x.Shape, "[N, C, H, W]");
        }

        if (weight.Rank != 4)
        {
            throw new ShapeMismatchException(
                $"{operation} weight", weight.Shape, "rank 4, with kernel height and width as the last axes");
        }

        if (options.Groups < 1
            || !IsPositive(options.Stride) || !IsPositive(options.Dilation) || options.Padding.IsNegative)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options),
                $"{operation}: groups, stride and dilation must be at least 1 and padding at least 0 (got {options})");
        }

        static bool IsPositive((int Height, int Width) steps) => steps.Height >= 1 && steps.Width >= 1;
    }

    private static void CheckBias(string operation, Tensor? bias, int outputs)
    {
        if (bias is not null && (bias.Rank != 1 || bias.Shape[0] != outputs))
        {
            throw new ShapeMismatchException($"{operation} bias", bias.Shape, $"[{outputs}]");
        }
    }
}
