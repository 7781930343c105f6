using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Data;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>Conversions that may be applied to samples so that they fit a network.</summary>
/// <param name="Layout">Position of the channel axis of arrays or of the network: auto, nchw or nhwc.</param>
/// <param name="Scaling">Interpolation for resizing pictures; null: pictures are not resized.</param>
/// <param name="Size">Height and width for networks that do not fix them; null: not given.</param>
internal sealed record FitOptions(string Layout, PictureScaling? Scaling, (int Height, int Width)? Size)
{
    /// <summary>Only unambiguous conversions, no resizing.</summary>
    internal static FitOptions None { get; } = new("auto", null, null);
}

/// <summary>
/// Converts data to the form that a network accepts: position of the channel axis, one size for all pictures, gray to
/// color. Ambiguous cases throw an error that says which option resolves them.
/// </summary>
internal static class DataForModel
{
    /// <summary>
    /// Opens a stored network and converts the data to its input shape. Pictures that all have one size are not resized
    /// here, see <see cref="Preprocessing"/>.
    /// </summary>
    /// <param name="context">Context of the command, for its notes.</param>
    /// <param name="options">Conversions allowed.</param>
    /// <param name="data">Data to convert.</param>
    /// <param name="open">Opens the network with a given height and width, which an ONNX model may leave open.</param>
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

        // No candidate fits: gray pictures may become color; the preprocessing reports any other mismatch.
        (Network found, DataSets given) = first!.Value;
        return (found, found.Inputs is [{ SampleShape: { Rank: 3 } shown }]
            ? AsColor(context, given, ChannelsFirst(shown, options))
            : given);
    }

    /// <summary>Resizes pictures of several sizes to the input size of the network.</summary>
    private static (Network Network, DataSets Data) Resized(
        CommandContext context, FitOptions options, DataSets data, (Network Network, PictureScaling Scaling) to)
    {
        if (to.Network.Inputs is not [{ SampleShape: { Rank: 3 } own }])
        {
            throw ToolException.Usage(
                $"--resize: the network does not take pictures (got {Inputs(to.Network)}, expected one input [C, H, "
                    + "W])");
        }

        Shape wanted = ChannelsFirst(own, options);
        return (to.Network, AsColor(
            context, data.Select(set => set.Resized(wanted[1], wanted[2], to.Scaling)), wanted));
    }

    /// <summary>Converts data for a new network, which takes the shape of the data.</summary>
    internal static DataSets ForNew(CommandContext context, FitOptions options, DataSets data)
    {
        if (Runs.DataChecks.Unscaled(context.Get(Runs.RunSettings.Data), data.Train) is { } note)
        {
            context.Terminal.Note(note);
        }

        if (options.Scaling is { } scaling)
        {
            (int height, int width) = options.Size
                ?? throw ToolException.Usage("--resize: a new network takes the size of the data; give --size "
                    + "HEIGHTxWIDTH, the size to resize the pictures to");
            return data.Select(set => set.Resized(height, width, scaling));
        }

        if (options.Size is not null)
        {
            throw ToolException.Usage("--size: a new network takes the size of the data; add --resize linear "
                + "to resize the pictures");
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
            throw ToolException.Usage($"data: the channel axis of samples of {shape} is ambiguous; --layout "
                + "nhwc takes the last axis, --layout nchw the first");
        }

        DataSets result = isLast ? data.Select(set => set.WithChannelsFirst()) : data;
        Tell(context, data, result);
        return result;
    }

    /// <summary>The picture shape that a network accepts, channels first.</summary>
    internal static Shape ChannelsFirst(Shape own, FitOptions options) =>
        HasChannelsLast(own, options) ? [own[2], own[0], own[1]] : own;

    /// <summary>
    /// Whether the channels of a network are the last axis: if the layout is nhwc, unless the shape shows that only the
    /// data can be meant.
    /// </summary>
    internal static bool HasChannelsLast(Shape own, FitOptions options) =>
        own.Rank == 3 && options.Layout is "nhwc" && !(own[0] <= 4 && own[2] > 4);

    private static bool Takes(Network network, Shape sample, FitOptions options)
    {
        if (network.Inputs is not [{ IsBatched: true, SampleShape: var own }])
        {
            return true;                            // refused later with a more specific error
        }

        Shape wanted = ChannelsFirst(own, options);
        return own.Equals(sample) || wanted.Equals(sample)
            || (options.Scaling is not null && wanted.Rank == 3 && sample.Rank == 3 && wanted[0] == sample[0]);
    }

    /// <summary>Whether a network takes flattened pictures and the order of their elements is unambiguous.</summary>
    private static bool IsFlattened(Network network, DataSets data, Shape sample) =>
        network.Inputs is [{ SampleShape: { Rank: 1 } own }]
            && sample.Rank == 3
            && own.Count == sample.Count
            && (!data.Train.MayHaveChannelsLast || sample[0] == 1);

    /// <summary>Throws if color pictures are to be flattened and the order of their elements is ambiguous.</summary>
    private static void RequireSureOrder(FitOptions options, Network network, DataSets data)
    {
        Shape sample = data.Train.SampleShape;
        if (options.Layout is "auto" && data.Train.MayHaveChannelsLast && sample.Rank == 3 && LooksLast(sample)
            && network.Inputs is [{ SampleShape: { Rank: 1 } own }] && own.Count == sample.Count)
        {
            throw ToolException.Usage(
                $"data: the order in which samples of {sample} are flattened is ambiguous; --layout nhwc converts "
                    + "them to [C, H, W] first, --layout nchw flattens them as they are");
        }
    }

    /// <summary>
    /// Possible readings of the data: unchanged, or with the channels as the last axis; the more likely one first.
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
            "data: the pictures are gray and the network takes color; the gray channel is repeated for red, green "
                + "and blue");
        return data.Select(set => set.AsColor());
    }

    private static void Tell(CommandContext context, DataSets data, DataSets result)
    {
        if (!ReferenceEquals(data, result))
        {
            context.Terminal.Note($"data: samples of {data.Train.SampleShape} have the channels last; "
                + $"read as {result.Train.SampleShape}");
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
            $"data: pictures of {sizes.Length} sizes ({first}{more}, expected one); --resize linear resizes them to "
                + $"one size"));
    }

    private static string Inputs(Network network) =>
        string.Join(", ", network.Inputs.Select(input => $"{input.Name} {input.SampleShape}"));
}
