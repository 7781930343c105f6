using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>
/// Preprocessing from pixels (0 to 1, as data sets provide them) to the input of a stored network: scale, means and
/// deviations, channel order, position of the channel axis, and size. It becomes the first nodes of the network and is
/// saved with it.
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
        "Channel axis of the network or an npz's images: nchw (first) or nhwc (last); auto: found from their shapes",
        "auto", "auto", "nchw", "nhwc");

    private static readonly Setting<string> Resize = Setting.Choice(
        "resize", "Interpolation that resizes images to the network's input size: none, nearest or linear", "none",
        "none", "nearest", "linear");

    internal static Setting<string?> Classes { get; } =
        Setting.OptionalText("classes", "Class names: a text file with one per line, or names separated by commas");

    internal static Setting<float[]?> Bounds { get; } =
        new("bounds", "Min and max of an input pixel, such as 0,1", null, ReadBounds);

    internal static IReadOnlyList<Setting> Settings { get; } =
    [
        ModelSource.Normalize, Scale, Channels, Layout, Resize, Bounds, Classes,
    ];

    /// <summary>Settings that <c>temper convert</c> can store in a network.</summary>
    internal static IEnumerable<Setting> OfNetwork => Settings.Where(setting => setting != Resize);

    /// <summary>
    /// Prepends the preprocessing nodes that the settings require to the network, for samples of a given shape.
    /// </summary>
    /// <param name="context">Settings of the command.</param>
    /// <param name="network">The network; its existing preprocessing runs after the new one.</param>
    /// <param name="sample">Shape of a sample, <c>[C, H, W]</c>; null: the input shape of the network.</param>
    /// <param name="takesBounds">
    /// Whether <see cref="Bounds"/> set the bounds of the new input; false if the command uses them itself.
    /// </param>
    internal static Network Apply(CommandContext context, Network network, Shape? sample, bool takesBounds = true)
    {
        network = Named(context, network);
        bool isAsked = IsAsked(context, takesBounds);
        if (network.Inputs is not [{ IsBatched: true } input])
        {
            return !isAsked ? network : throw ToolException.Usage(
                $"preprocessing needs a network with one input and a free batch axis (got {network.Inputs.Count} "
                    + $"inputs, {network.Batch}); export the model with a free batch axis");
        }

        if (!isAsked && (sample is null || input.SampleShape.Equals(sample)))
        {
            return network;
        }

        FitOptions options = OptionsOf(context);
        bool isLast = DataForModel.HasChannelsLast(input.SampleShape, options);
        RequireLayout(options, input, isLast || sample is not null);
        Shape wanted = DataForModel.ChannelsFirst(input.SampleShape, options), shape = sample ?? wanted;

        // A different shape alone says nothing about values. A command that needs bounds asks for them if the network
        // does not state them.
        (float low, float high) = context.Get(Bounds) is [var min, var max] ? (min, max)
            : !takesBounds && !isAsked ? (input.Minimum, input.Maximum) : (0, 1);
        if (shape.Rank != 3)
        {
            return shape.Equals(input.SampleShape) && !IsAsked(context, takesBounds: false)
                ? network.Prepend(input with { Minimum = low, Maximum = high }, x => x)
                : throw Unfit(context, shape, input.SampleShape);
        }

        return network.Prepend(InputSpec.Image(shape[0], shape[1], shape[2], low, high, input.Name), x =>
        {
            Value resized = Resized(context, x, wanted);
            RequireFit(shape, resized, wanted);
            Value body = Body(context, resized, shape[0]);
            return isLast ? body.Permute([0, 2, 3, 1], "layout") : body;
        });
    }

    /// <summary>Sets the class names that the settings give; throws if the network has not as many outputs.</summary>
    private static Network Named(CommandContext context, Network network)
    {
        if (context.Get(Classes) is not { } text)
        {
            return network;
        }

        string[] names = File.Exists(text)
            ? File.ReadAllLines(text)
            : text.Split(',', StringSplitOptions.TrimEntries);
        return network.Outputs is not [{ } output]
            || network.Graph.ShapeOf(output.Value) is not [_, > 1 and var outputs]
            || outputs == names.Length
            ? network.WithClassNames(names)
            : throw ToolException.Usage($"{Classes.Flag}: the network has another number of classes (got "
                + $"{names.Length} names, expected {outputs}); give one name per class, in order");
    }

    private static ToolException Unfit(CommandContext context, Shape shape, Shape wanted) => ToolException.Usage(
        IsAsked(context, takesBounds: false)
            ? $"preprocessing other than {Bounds.Flag} needs pictures (got samples of {shape}, expected [C, H, W])"
            : $"samples do not fit the network (got {shape}, expected {wanted}); choose data of that shape");

    /// <summary>
    /// Returns the bounds of <c>--bounds</c>; null: not given, and the network states its own. Throws a usage error if
    /// there are neither.
    /// </summary>
    internal static (float Low, float High)? BoundsOf(CommandContext context, Network network)
    {
        if (context.Get(Bounds) is [var low, var high])
        {
            return (low, high);
        }

        if (network.Inputs is [var input] && !(float.IsFinite(input.Minimum) && float.IsFinite(input.Maximum)))
        {
            throw ToolException.Usage($"{Bounds.Flag}: is missing; the network does not state the range of its inputs; "
                + $"give it, such as {Bounds.Flag} 0,1");
        }

        return null;
    }

    private static bool IsAsked(CommandContext context, bool takesBounds) =>
        context.Get(ModelSource.Normalize) is not null
        || context.Get(Scale) != 1
        || context.Get(Channels) is "bgr"
        || context.Get(Layout) is "nhwc"
        || (takesBounds && context.Get(Bounds) is not null);

    private static void RequireLayout(FitOptions options, InputSpec input, bool fits)
    {
        if (options.Layout is "nhwc" && !fits)
        {
            throw ToolException.Usage("--layout: the channels of the network are not the last axis (got nhwc for "
                + $"{input.SampleShape}, expected [H, W, C])");
        }
    }

    /// <summary>Conversions of samples that the settings allow.</summary>
    internal static FitOptions OptionsOf(CommandContext context) =>
        new(context.Get(Layout), ScalingOf(context.Get(Resize)), context.Get(ModelSource.Size));

    /// <summary>
    /// Conversions that the settings of a configuration file allow; missing settings have their defaults.
    /// </summary>
    internal static FitOptions OptionsOf(IReadOnlyDictionary<string, string> settings)
    {
        return new((string)Read(Layout)!, ScalingOf((string)Read(Resize)!), ((int, int)?)Read(ModelSource.Size));

        object? Read(Setting setting) => setting.Read(settings.GetValueOrDefault(setting.Name), setting.Name);
    }

    private static PictureScaling? ScalingOf(string resize) =>
        resize switch { "linear" => PictureScaling.Linear, "nearest" => PictureScaling.Nearest, _ => null };

    /// <summary>Throws if a setting that applies to stored networks only is given for a new network.</summary>
    internal static void RequireUnusedForNew(CommandContext context, string model)
    {
        string? idle = context.Get(Scale) != 1 ? Scale.Flag
            : context.Get(Channels) is "bgr" ? Channels.Flag
            : context.Get(Bounds) is not null ? Bounds.Flag
            : context.Get(Classes) is not null ? Classes.Flag
            : context.Get(ModelSource.Architecture) is not null ? ModelSource.Architecture.Flag
            : null;
        if (idle is not null)
        {
            throw ToolException.Usage(
                $"{idle}: applies to stored networks only; {model} is new and is trained on the data as they are");
        }
    }

    /// <summary>
    /// Throws if the shapes differ, even if the number of elements is equal: the network would run but give wrong
    /// results.
    /// </summary>
    private static void RequireFit(Shape given, Value x, Shape wanted)
    {
        Shape found = Shape.Create(x.Shape.AsSpan()[1..]);
        if (found.Equals(wanted) || (wanted.Rank != 3 && found.Count == wanted.Count))
        {
            return;
        }

        bool isLast = wanted.Rank == 3 && given[2] == wanted[0], isSize = wanted.Rank == 3 && given[0] == wanted[0];
        string fix = isSize ? "; --resize linear resizes the pictures to the network's size"
            : isLast ? "; if the channels are the last axis, add --layout nhwc"
            : "";
        throw new ToolException(
            ExitCode.BadInput, $"data: samples do not fit the network (got {given}, expected {wanted}){fix}");
    }

    /// <summary>Resizes pictures to the height and width of the network's input, if requested.</summary>
    private static Value Resized(CommandContext context, Value x, Shape wanted)
    {
        if (context.Get(Resize) is "none" || wanted.Rank != 3)
        {
            return x;
        }

        // Half-pixel coordinates without aligned corners, as in PyTorch and image libraries.
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
                throw ToolException.Usage("--normalize: the number of means must equal the number of channels (got "
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
