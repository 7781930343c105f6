using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Activations;

/// <summary>
/// Counts the products of one layer. For each input channel and kernel position the number of nonzero weights is
/// precomputed, summed over outputs. A nonzero input adds this number each time a window covers it at that position.
/// </summary>
internal sealed class CountedLayer
{
    /// <summary>
    /// Number of nonzero weights by input channel and kernel position, summed over outputs: <c>[C, KH, KW]</c>, or
    /// <c>[I]</c> for a linear layer.
    /// </summary>
    private readonly long[] _weights;

    internal CountedLayer(Network network, Node node, bool readsInput)
    {
        (Node, ReadsInput) = (node, readsInput);
        Tensor weight = network.Parameters[node.Parameters[0]].Value;
        int groups = node.Operator is Conv2d convolution ? convolution.Options.Groups : 1;
        int outputs = weight.Shape[0], each = outputs == 0 ? 0 : weight.Count / outputs,
            perGroup = Math.Max(1, outputs / groups);
        _weights = new long[each * groups];
        ReadOnlySpan<float> values = weight.AsSpan<float>();
        for (int i = 0; i < values.Length; i++)
        {
            (int output, int place) = Math.DivRem(i, each);
            _weights[(output / perGroup * each) + place] += values[i] == 0 ? 0 : 1;
        }
    }

    internal Node Node { get; }

    internal bool ReadsInput { get; }

    internal long Macs { get; private set; }

    internal long Inputs { get; private set; }

    internal long NonzeroInputs { get; private set; }

    internal static bool CanCount(Node node) => node.Operator is Linear or Conv2d;

    /// <summary>Adds the products of a batch of inputs.</summary>
    internal void Add(Tensor x)
    {
        ReadOnlySpan<float> values = x.ToRowMajor().AsSpan<float>();
        Inputs += values.Length;
        NonzeroInputs += values.Length - values.Count(0f);
        if (Node.Operator is Conv2d convolution)
        {
            AddImages(convolution, x.Shape, values);
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            Macs += values[i] == 0 ? 0 : _weights[i % _weights.Length];
        }
    }

    private void AddImages(Conv2d layer, Shape shape, ReadOnlySpan<float> values)
    {
        (int channels, int height, int width) = (shape[1], shape[2], shape[3]);
        Shape output = layer.InferShape([shape], Node.Name);
        (Conv2dOptions options, (int kernelHeight, int kernelWidth)) = (layer.Options, layer.Kernel);
        for (int plane = 0; plane < shape[0] * channels; plane++)
        {
            ReadOnlySpan<float> pixels = values.Slice(plane * height * width, height * width);
            if (!pixels.ContainsAnyExcept(0f))
            {
                continue;
            }

            int place = plane % channels * kernelHeight * kernelWidth;
            for (int i = 0; i < kernelHeight; i++)
            {
                for (int j = 0; j < kernelWidth; j++, place++)
                {
                    int top = (i * options.Dilation.Height) - options.Padding.Top,
                        left = (j * options.Dilation.Width) - options.Padding.Left;
                    Macs += _weights[place] == 0
                        ? 0
                        : _weights[place]
                            * Covered(pixels, (height, width), (output[2], output[3]), (top, left), options.Stride);
                }
            }
        }
    }

    /// <summary>
    /// Counts the windows in which the pixel at one kernel position lies inside the image and is nonzero.
    /// </summary>
    private static int Covered(
        ReadOnlySpan<float> pixels, (int Height, int Width) size, (int Height, int Width) windows,
        (int Top, int Left) start, (int Height, int Width) stride)
    {
        int covered = 0;
        for (int row = 0; row < windows.Height; row++)
        {
            int y = start.Top + (row * stride.Height);
            if ((uint)y >= (uint)size.Height)
            {
                continue;
            }

            ReadOnlySpan<float> line = pixels.Slice(y * size.Width, size.Width);
            for (int column = 0, x = start.Left; column < windows.Width; column++, x += stride.Width)
            {
                covered += (uint)x < (uint)line.Length && line[x] != 0 ? 1 : 0;
            }
        }

        return covered;
    }
}
