using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>
/// What stands between pixels of 0 to 1, as data sets give them, and a network from elsewhere: scale, means and deviations, order
/// of channels, place of the channel axis. It becomes the network's first nodes and is saved with it.
/// </summary>
internal static class Preprocessing
{
    private static readonly Setting<double> Scale = Setting.Number("scale", "Factor of pixels of 0 to 1, before means are subtracted; 255 for a network of bytes", usual: 1, minimum: 1e-9);

    private static readonly Setting<string> Channels = Setting.Choice("channels", "Order of color channels that the network takes: rgb or bgr", "rgb", "rgb", "bgr");

    private static readonly Setting<string> Layout = Setting.Choice("layout", "Place of the channel axis that the network takes: nchw or nhwc", "nchw", "nchw", "nhwc");

    private static readonly Setting<string?> Classes = Setting.OptionalText("classes", "Names of the classes: a text file with one a line, or names with commas between");

    internal static IReadOnlyList<Setting> Settings { get; } = [ModelSource.Normalize, Scale, Channels, Layout, Classes];

    /// <summary>The network with the first nodes that the settings ask for, taking samples of a shape.</summary>
    /// <param name="context">The settings.</param>
    /// <param name="network">The network; its own preprocessing stays behind the new one.</param>
    /// <param name="sample">Shape of a sample, <c>[C, H, W]</c>; null: the network's own.</param>
    internal static Network Apply(CommandContext context, Network network, Shape? sample)
    {
        if (context.Get(Classes) is { } names)
        {
            network = network.WithClassNames(File.Exists(names) ? File.ReadAllLines(names) : names.Split(',', StringSplitOptions.TrimEntries));
        }

        bool isAsked = context.Get(ModelSource.Normalize) is not null || context.Get(Scale) != 1 || context.Get(Channels) is "bgr" || context.Get(Layout) is "nhwc";
        bool fits = sample is null || (network.Inputs is [{ IsBatched: true } only] && only.SampleShape.Equals(sample));
        if ((!isAsked && fits) || network.Inputs is not [{ IsBatched: true } input])
        {
            return network;
        }

        Shape shape = sample ?? FirstShape(context, input);
        if (shape.Rank != 3)
        {
            throw ToolException.Usage($"preprocessing needs pictures, [C, H, W] (got {shape})");
        }

        return network.Prepend(InputSpec.Image(shape[0], shape[1], shape[2], name: input.Name), x => Body(context, x, shape[0]));
    }

    /// <summary>The shape of pictures that a network takes: its own, unless its channels come last.</summary>
    private static Shape FirstShape(CommandContext context, InputSpec input)
    {
        Shape shape = input.SampleShape;
        return context.Get(Layout) is "nhwc" && shape.Rank == 3 ? [shape[2], shape[0], shape[1]] : shape;
    }

    private static Value Body(CommandContext context, Value x, int channels)
    {
        Normalize? normalize = context.Get(ModelSource.Normalize);
        float scale = (float)context.Get(Scale);
        bool isReversed = context.Get(Channels) is "bgr";
        if (normalize is not null || scale != 1 || isReversed)
        {
            if (normalize is not null && normalize.Mean.Count != channels)
            {
                throw ToolException.Usage($"--normalize: as many means as channels (got {normalize.Mean.Count.ToString(CultureInfo.InvariantCulture)}, expected {channels})");
            }

            float[] zeros = new float[channels], ones = [.. Enumerable.Repeat(1f, channels)];
            x = x.Apply((normalize ?? new Normalize { Mean = zeros, Deviation = ones }) with
            {
                Scale = scale,
                ChannelOrder = isReversed ? [.. Enumerable.Range(0, channels).Reverse()] : [],
            }, "normalize");
        }

        return context.Get(Layout) is "nhwc" ? x.Permute([0, 2, 3, 1], "layout") : x;
    }
}
