using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>
/// What stands between pixels of 0 to 1, as data sets give them, and a network from elsewhere: scale, means and
/// deviations, order of channels, position of the channel axis. It becomes the network's first nodes and is saved with
/// it.
/// </summary>
internal static class Preprocessing
{
    private static readonly Setting<double> Scale =
        Setting.Number("scale", "Factor that pixels (0 to 1) are multiplied by before normalization; 255 for a network "
            + "that takes bytes", defaultValue: 1, minimum: 1e-9);

    private static readonly Setting<string> Channels =
        Setting.Choice("channels", "Color channel order that the network expects: rgb or bgr", "rgb", "rgb", "bgr");

    private static readonly Setting<string> Layout = Setting.Choice(
        "layout",
        "Channel axis: nchw or nhwc (last), of the network or of an npz's images; auto: found from their shapes",
        "auto", "auto", "nchw", "nhwc");

    private static readonly Setting<string?> Classes =
        Setting.OptionalText("classes", "Class names: a text file with one per line, or names separated by commas");

    private static readonly Setting<string> Resize = Setting.Choice(
        "resize", "Interpolation that resizes images to the network's input size: none, nearest or linear", "none",
        "none", "nearest", "linear");

    internal static Setting<float[]?> Bounds { get; } =
        new("bounds", "Min and max of an input pixel, such as 0,1", null, ReadBounds);

    internal static IReadOnlyList<Setting> Settings { get; } =
    [
        ModelSource.Normalize, Scale, Channels, Layout, Resize, Bounds, Classes,
    ];

    /// <summary>The network with the first nodes that the settings ask for, taking samples of a shape.</summary>
    /// <param name="context">The settings.</param>
    /// <param name="network">The network; its own preprocessing stays behind the new one.</param>
    /// <param name="sample">Shape of a sample, <c>[C, H, W]</c>; null: the network's own.</param>
    /// <param name="takesBounds">
    /// Whether <see cref="Bounds"/> become a node's; false where the command uses them itself.
    /// </param>
    internal static Network Apply(CommandContext context, Network network, Shape? sample, bool takesBounds = true)
    {
        if (context.Get(Classes) is { } names)
        {
            network = network.WithClassNames(
                File.Exists(names) ? File.ReadAllLines(names) : names.Split(',', StringSplitOptions.TrimEntries));
        }

        bool isAsked = context.Get(ModelSource.Normalize) is not null
            || context.Get(Scale) != 1
            || context.Get(Channels) is "bgr"
            || context.Get(Layout) is "nhwc"
            || (takesBounds && context.Get(Bounds) is not null);
        if (network.Inputs is not [{ IsBatched: true } input])
        {
            return !isAsked ? network : throw ToolException.Usage(
                $"preprocessing needs a network with one input and a free batch (got {network.Inputs.Count} inputs, "
                + $"{network.Batch}); export the model with a free batch axis");
        }

        if (!isAsked && (sample is null || input.SampleShape.Equals(sample)))
        {
            return network;
        }

        FitOptions options = OptionsOf(context);
        bool isLast = DataForModel.HasChannelsLast(input.SampleShape, options);
        if (sample is null && options.Layout is "nhwc" && !isLast)
        {
            throw ToolException.Usage("--layout: the channels of the network do not come last (got nhwc for "
                + $"{input.SampleShape}, expected [H, W, C])");
        }

        Shape wanted = DataForModel.ChannelsFirst(input.SampleShape, options), shape = sample ?? wanted;
        if (shape.Rank != 3)
        {
            throw ToolException.Usage($"samples do not fit the network (got {shape}, expected {input.SampleShape}), "
                + "and preprocessing needs pictures, [C, H, W]");
        }

        // Another shape alone says nothing about values: what the network does not state is asked for by the command
        // that needs it.
        (float low, float high) = context.Get(Bounds) is [var min, var max] ? (min, max)
            : !takesBounds && !isAsked ? (input.Minimum, input.Maximum) : (0, 1);
        return network.Prepend(InputSpec.Image(shape[0], shape[1], shape[2], low, high, input.Name), x =>
        {
            Value resized = Resized(context, x, wanted);
            RequireFit(shape, resized, wanted);
            Value body = Body(context, resized, shape[0]);
            return isLast ? body.Permute([0, 2, 3, 1], "layout") : body;
        });
    }

    /// <summary>How samples may be changed for a network.</summary>
    internal static FitOptions OptionsOf(CommandContext context) =>
        new(context.Get(Layout), ScalingOf(context.Get(Resize)), context.Get(ModelSource.Size));

    /// <summary>The same of the settings in a file, which may lack some.</summary>
    internal static FitOptions OptionsOf(IReadOnlyDictionary<string, string> settings)
    {
        return new((string)Read(Layout)!, ScalingOf((string)Read(Resize)!), ((int, int)?)Read(ModelSource.Size));

        object? Read(Setting setting) => setting.Read(settings.GetValueOrDefault(setting.Name), setting.Name);
    }

    private static PictureScaling? ScalingOf(string resize) =>
        resize switch { "linear" => PictureScaling.Linear, "nearest" => PictureScaling.Nearest, _ => null };

    /// <summary>Throws where a network that is new takes no notice of a setting.</summary>
    internal static void RequireUnusedForNew(CommandContext context, string model)
    {
        string? idle = context.Get(Scale) != 1 ? Scale.Flag
            : context.Get(Channels) is "bgr" ? Channels.Flag
            : context.Get(Bounds) is not null ? Bounds.Flag
            : context.Get(Classes) is not null ? Classes.Flag
            : null;
        if (idle is not null)
        {
            throw ToolException.Usage(
                $"{idle}: is for stored networks; {model} is new and learns from the data as they are");
        }
    }

    /// <summary>The same number of values in another order would run, and be wrong.</summary>
    private static void RequireFit(Shape given, Value x, Shape wanted)
    {
        Shape found = Shape.Create(x.Shape.AsSpan()[1..]);
        if (found.Equals(wanted) || (wanted.Rank != 3 && found.Count == wanted.Count))
        {
            return;
        }

        bool isLast = wanted.Rank == 3 && given[2] == wanted[0], isSize = wanted.Rank == 3 && given[0] == wanted[0];
        string fix = isSize ? "; --resize linear brings pictures to the network's size"
            : isLast ? "; if their channels come last, --layout nhwc says so"
            : "";
        throw new ToolException(
            ExitCode.BadInput, $"data: samples do not fit the network (got {given}, expected {wanted}){fix}");
    }

    /// <summary>Pictures in the height and width that the network takes, if that was asked for.</summary>
    private static Value Resized(CommandContext context, Value x, Shape wanted)
    {
        if (context.Get(Resize) is "none" || wanted.Rank != 3)
        {
            return x;
        }

        // Without the corners meeting, as PyTorch and picture libraries have it.
        var form = new Networks.Resize(2, wanted[1])
        {
            Mode = context.Get(Resize) is "linear" ? ResizeMode.Linear : ResizeMode.Nearest,
            Coordinates = ResizeCoordinates.HalfPixel,
        };
        x = x.Shape[2] == wanted[1] ? x : x.Apply(form, "height");
        return x.Shape[3] == wanted[2] ? x : x.Apply(form with { Axis = 3, Length = wanted[2] }, "width");
    }

    private static float[] ReadBounds(string text)
    {
        float[] bounds = [.. text.Split(',').Select(number => float.TryParse(
            number, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) ? value : float.NaN)];
        return bounds is [var low, var high] && low < high
            ? bounds
            : throw new FormatException("two numbers, the smaller first, such as 0,255");
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
                throw ToolException.Usage("--normalize: as many means as channels (got "
                    + $"{normalize.Mean.Count.ToString(CultureInfo.InvariantCulture)}, expected {channels})");
            }

            float[] zeros = new float[channels], ones = [.. Enumerable.Repeat(1f, channels)];
            x = x.Apply((normalize ?? new Normalize { Mean = zeros, Deviation = ones }) with
            {
                Scale = scale,
                ChannelOrder = isReversed ? [.. Enumerable.Range(0, channels).Reverse()] : [],
            }, "normalize");
        }

        return x;
    }
}
