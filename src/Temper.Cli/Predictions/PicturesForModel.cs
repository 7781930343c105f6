using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Data.Images;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Predictions;

/// <summary>
/// A network and the pictures to classify, prepared as a folder of pictures is for <c>eval</c>. What happens to a
/// picture depends on the network and the settings only, not on the other pictures.
/// </summary>
/// <param name="Network">The network with its preprocessing.</param>
/// <param name="Pictures">The pictures that fit, and those that do not, with reasons.</param>
/// <param name="Samples">The fitting pictures as samples of the network, in the same order.</param>
internal sealed record PicturesForModel(Network Network, PictureList Pictures, Dataset Samples)
{
    /// <summary>Opens a stored network and fits the pictures to it.</summary>
    internal static PicturesForModel Open(CommandContext context, string model, PictureList pictures)
    {
        FitOptions options = Options(context, model);
        (int Height, int Width)[] sizes = [.. pictures.Pictures.CountBy(picture => (picture.Height, picture.Width))
            .OrderByDescending(size => size.Value).Select(size => size.Key)];
        Network network = ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), new OnnxImportOptions
        {
            // Where a model leaves the size open, only pictures of one size determine it.
            Size = options.Size ?? (sizes.Length == 1 ? sizes[0] : null),
        });
        network.Batch.RequireApart($"predict: {model}");
        Shape wanted = Wanted(network, model, options, sizes);
        (int channels, int height, int width) = (wanted[0], wanted[1], wanted[2]);
        if (options.Scaling is null)
        {
            string fix = network.Inputs[0].SampleShape.Rank >= 3 ? "; --resize linear resizes it" : "";
            pictures = pictures.Without(picture => picture.Height == height && picture.Width == width
                ? null
                : $"the size does not fit the network (got {picture.Width} x {picture.Height}, expected {width} x "
                    + $"{height}){fix}");
        }

        if (channels == 1 && pictures.Pictures.Any(picture => picture.IsColor))
        {
            context.Terminal.Note("data: the network takes gray pictures; color is converted to luma (BT.601)");
        }

        Dataset samples = pictures.ToDataset(channels);
        samples = options.Scaling is { } scaling ? samples.Resized(height, width, scaling) : samples;
        return new PicturesForModel(Preprocessing.Apply(context, network, wanted), pictures, samples);
    }

    /// <summary>Conversions that the settings allow, and the resizing of the run that made the model.</summary>
    private static FitOptions Options(CommandContext context, string model)
    {
        FitOptions asked = Preprocessing.OptionsOf(context);
        if (asked.Scaling is not null || RunData.Of(model)?.Fit.Scaling is not { } scaling)
        {
            return asked;
        }

        context.Terminal.Note(
            $"data: pictures are resized ({scaling.ToString().ToLowerInvariant()}), as in the run that made the model");
        return asked with { Scaling = scaling };
    }

    /// <summary>
    /// Shape that all pictures get, <c>[C, H, W]</c>; throws if the network does not classify pictures.
    /// </summary>
    private static Shape Wanted(
        Network network, string model, FitOptions options, IReadOnlyList<(int Height, int Width)> sizes)
    {
        if (network.Inputs is not [{ } input])
        {
            throw Unfit(model, $"{network.Inputs.Count} inputs", "one input");
        }

        if (network.Outputs is not [{ } output] || network.Graph.ShapeOf(output.Value) is not [_, > 1])
        {
            string outputs =
                string.Join(", ", network.Outputs.Select(one => $"{one.Name} {network.Graph.ShapeOf(one.Value)}"));
            throw Unfit(model, $"output {outputs}", "one output with a value per class");
        }

        Shape own = input.IsBatched ? input.SampleShape : Shape.Create(input.SampleShape.AsSpan()[1..]);
        Shape wanted = DataForModel.ChannelsFirst(own, options);
        if (wanted is [1 or 3, _, _])
        {
            return wanted;
        }

        // Of a network for flattened pictures, only the number of elements is known.
        string fix = wanted is [_, _, 1 or 3] ? "; if the channels are the last axis, add --layout nhwc" : "";
        return own.Rank == 1 && options.Scaling is null && Unflattened(own, sizes) is { } shape
            ? shape
            : throw Unfit(model, $"input {input.Name} {own}",
                $"[C, H, W] with 1 or 3 channels, or as many elements as a picture has{fix}");
    }

    private static Shape? Unflattened(Shape own, IReadOnlyList<(int Height, int Width)> sizes)
    {
        foreach ((int height, int width) in sizes)
        {
            if (own.Count / ((double)height * width) is 1 or 3)
            {
                return [own.Count / (height * width), height, width];
            }
        }

        return null;
    }

    private static ToolException Unfit(string model, string got, string expected) => new(
        ExitCode.BadInput,
        $"predict: {model} does not classify pictures (got {got}, expected {expected}); give arrays (.npy) instead");
}
