using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Data;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>How samples may be changed so that a network can take them.</summary>
/// <param name="Layout">auto, nchw or nhwc: where the channel axis is, of arrays or of the network.</param>
/// <param name="Scaling">How pictures are resized; null: not at all.</param>
/// <param name="Size">Height and width for networks that have none of their own.</param>
internal sealed record FitOptions(string Layout, PictureScaling? Scaling, (int Height, int Width)? Size)
{
    /// <summary>Nothing but what is sure.</summary>
    internal static FitOptions None { get; } = new("auto", null, null);
}

/// <summary>
/// Data in the form that a network takes: position of the channel axis, one size for all pictures, gray as color. What
/// is not sure is refused, with what to do.
/// </summary>
internal static class DataForModel
{
    /// <summary>
    /// A stored network, and the data as it takes them; pictures of one size stay as they are, see
    /// <see cref="Preprocessing"/>.
    /// </summary>
    /// <param name="context">Where notes go.</param>
    /// <param name="options">What may be changed.</param>
    /// <param name="data">The data.</param>
    /// <param name="open">Opens the network; an ONNX model may leave height and width open.</param>
    internal static (Network Network, DataSets Data) Open(
        CommandContext context, FitOptions options, DataSets data, Func<OnnxImportOptions, Network> open)
    {
        if (SizesOf(data) is { Length: > 1 } sizes)
        {
            PictureScaling scaling = options.Scaling ?? throw SeveralSizes(sizes);
            return Resized(context, options, data, (open(new OnnxImportOptions { Size = options.Size }), scaling));
        }

        (Network Network, DataSets Data)? first = null;
        foreach (DataSets candidate in Candidates(options, data))
        {
            Network network = open(new OnnxImportOptions
            {
                Size = options.Size ?? (candidate.Train.SampleShape is { Rank: 3 } shape ? (shape[1], shape[2]) : null),
            });
            first ??= (network, candidate);
            if (Takes(network, candidate.Train.SampleShape, options)
                || IsFlattened(network, data, candidate.Train.SampleShape))
            {
                Tell(context, data, candidate);
                return (network, candidate);
            }
        }

        RequireSureOrder(options, first!.Value.Network, data);

        // None fits: gray pictures may become color, and what else is missing is told by the preprocessing.
        (Network found, DataSets given) = first!.Value;
        return (found, found.Inputs is [{ SampleShape: { Rank: 3 } shown }]
            ? AsColor(context, given, ChannelsFirst(shown, options))
            : given);
    }

    /// <summary>Pictures of several sizes in the size that a network takes.</summary>
    private static (Network Network, DataSets Data) Resized(
        CommandContext context, FitOptions options, DataSets data, (Network Network, PictureScaling Scaling) to)
    {
        if (to.Network.Inputs is not [{ SampleShape: { Rank: 3 } own }])
        {
            throw ToolException.Usage(
                $"--resize: the network takes no pictures (got {Inputs(to.Network)}, expected one input [C, H, W])");
        }

        Shape wanted = ChannelsFirst(own, options);
        return (to.Network, AsColor(
            context, data.Select(set => set.Resized(wanted[1], wanted[2], to.Scaling)), wanted));
    }

    /// <summary>Data for a network that is made for them.</summary>
    internal static DataSets ForNew(CommandContext context, FitOptions options, DataSets data)
    {
        if (options.Scaling is { } scaling)
        {
            (int height, int width) = options.Size
                ?? throw ToolException.Usage("--resize: a new network takes the size of the data; say with --size "
                    + "HEIGHTxWIDTH to which size pictures are brought");
            return data.Select(set => set.Resized(height, width, scaling));
        }

        if (options.Size is not null)
        {
            throw ToolException.Usage("--size: a new network takes the size of the data; with --resize linear pictures "
                + "are brought to another one");
        }

        if (SizesOf(data) is { Length: > 1 } sizes)
        {
            throw SeveralSizes(sizes);
        }

        if (!data.Train.MayHaveChannelsLast)
        {
            return data;
        }

        Shape shape = data.Train.SampleShape;
        bool isLast = shape.Rank is 2 or 3 && options.Layout is "nhwc";
        if (shape.Rank == 3 && options.Layout is "auto" && LooksLast(shape))
        {
            throw ToolException.Usage($"data: the place of the channels in samples of {shape} is not sure; --layout "
                + "nhwc takes the last axis, --layout nchw the first");
        }

        DataSets result = isLast ? data.Select(set => set.WithChannelsFirst()) : data;
        Tell(context, data, result);
        return result;
    }

    /// <summary>The shape of pictures that a network takes, channels first.</summary>
    internal static Shape ChannelsFirst(Shape own, FitOptions options) =>
        HasChannelsLast(own, options) ? [own[2], own[0], own[1]] : own;

    /// <summary>
    /// Whether the channels of a network come last: where that was said, unless it can only have been said of the data.
    /// </summary>
    internal static bool HasChannelsLast(Shape own, FitOptions options) =>
        own.Rank == 3 && options.Layout is "nhwc" && !(own[0] <= 4 && own[2] > 4);

    private static bool Takes(Network network, Shape sample, FitOptions options)
    {
        if (network.Inputs is not [{ IsBatched: true, SampleShape: var own }])
        {
            return true;                            // refused later, for a better reason
        }

        Shape wanted = ChannelsFirst(own, options);
        return own.Equals(sample) || wanted.Equals(sample)
            || (options.Scaling is not null && wanted.Rank == 3 && sample.Rank == 3 && wanted[0] == sample[0]);
    }

    /// <summary>Whether a network takes the numbers of pictures without axes, and their order is sure.</summary>
    private static bool IsFlattened(Network network, DataSets data, Shape sample) =>
        network.Inputs is [{ SampleShape: { Rank: 1 } own }]
            && sample.Rank == 3
            && own.Count == sample.Count
            && (!data.Train.MayHaveChannelsLast || sample[0] == 1);

    /// <summary>
    /// Pictures in color become a row of numbers in one of two orders, of which only one is that of the network.
    /// </summary>
    private static void RequireSureOrder(FitOptions options, Network network, DataSets data)
    {
        Shape sample = data.Train.SampleShape;
        if (options.Layout is "auto" && data.Train.MayHaveChannelsLast && sample.Rank == 3 && LooksLast(sample)
            && network.Inputs is [{ SampleShape: { Rank: 1 } own }] && own.Count == sample.Count)
        {
            throw ToolException.Usage(
                $"data: the order in which the network takes samples of {sample} is not sure; --layout nhwc makes them "
                + "[C, H, W] before they are flattened, --layout nchw flattens them as they are");
        }
    }

    /// <summary>
    /// What the data may be: as they are, or with the last axis as channels; what is more usual first.
    /// </summary>
    private static DataSets[] Candidates(FitOptions options, DataSets data)
    {
        if (!data.Train.MayHaveChannelsLast || (options.Layout is "nchw" && data.Train.SampleShape.Rank == 3))
        {
            return [data];
        }

        DataSets moved = data.Select(set => set.WithChannelsFirst());
        return data.Train.SampleShape.Rank == 3 && LooksLast(data.Train.SampleShape) ? [moved, data] : [data, moved];
    }

    private static bool LooksLast(Shape shape) => shape[2] is 1 or 3 or 4 && shape[0] is not (1 or 3 or 4);

    private static DataSets AsColor(CommandContext context, DataSets data, Shape wanted)
    {
        if (data.Train.SampleShape is not [1, _, _] || wanted[0] != 3)
        {
            return data;
        }

        context.Terminal.Note(
            "data: gray pictures; the network takes color, so gray is repeated for red, green and blue");
        return data.Select(set => set.AsColor());
    }

    private static void Tell(CommandContext context, DataSets data, DataSets result)
    {
        if (!ReferenceEquals(data, result))
        {
            context.Terminal.Note($"data: samples of {data.Train.SampleShape} are pictures with the channels last; "
                + $"taken as {result.Train.SampleShape}");
        }
    }

    private static (int Height, int Width)[] SizesOf(DataSets data) => data.Train.SampleShape.Rank != 3 ? [] :
    [
        .. new[] { data.Train, data.Test }.Where(set => set.Count > 0)
        .SelectMany(set => set.StoredShapes).Select(shape => (shape[1], shape[2])).Distinct(),
    ];

    private static ToolException SeveralSizes((int Height, int Width)[] sizes)
    {
        string first = string.Join(", ", sizes.Take(4).Select(size => $"{size.Width} x {size.Height}"));
        string more = sizes.Length > 4 ? ", ..." : "";
        return new ToolException(ExitCode.BadInput, string.Create(
            CultureInfo.InvariantCulture,
            $"data: pictures of {sizes.Length} sizes ({first}{more}, expected one); --resize linear brings them to one "
            + $"size"));
    }

    private static string Inputs(Network network) =>
        string.Join(", ", network.Inputs.Select(input => $"{input.Name} {input.SampleShape}"));
}
