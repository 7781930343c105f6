using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Kernels;
using Temper.Privacy.Audit;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Cli.Commands;

/// <summary><c>temper morph keygen</c>: creates a key for the pictures of one data set and one recipient.</summary>
internal sealed class MorphKeygenCommand()
    : ToolCommand("morph keygen", "Make a key for one recipient and one data set; an obfuscation, not encryption")
{
    private static readonly Setting<string?> Output =
        Setting.Output("output", "Key file to write, encrypted with the password", OutputKind.File);

    private static readonly Setting<bool> Force =
        Setting.Switch("force", "Overwrite an existing key; data morphed with the old key becomes unusable");

    internal override IReadOnlyList<Setting> Settings => field ??=
        [
            Output, MorphSettings.Data, MorphSettings.Shape, MorphSettings.Cores, MorphSettings.Repeated,
            MorphSettings.Structured, MorphSettings.PasswordFile, Force,
        ];

    internal override int Run(CommandContext context)
    {
        string output = context.Require(Output);
        if (File.Exists(output) && !context.Get(Force))
        {
            throw ToolException.Usage(
                $"morph keygen: {output} already exists; choose another file (use one key per recipient and data set)");
        }

        MorphMap map = MapOf(context);
        using var key = MorphKey.Create(map);
        byte[] password = MorphSettings.Password(context);
        try
        {
            key.Save(output, password);
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(password);
        }

        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["file"] = output, ["key"] = key.Id, ["shape"] = new JsonArray(map.Channels, map.Height, map.Width),
                ["cores"] = map.Cores,
                ["repeated"] = map.IsRepeated, ["structured"] = map.IsStructured, ["notice"] = MorphNotice.Text,
            });
        }
        else
        {
            Console.Out.WriteLine($"{output}: {key}");
            context.Terminal.Note(MorphNotice.Text);
        }

        return ExitCode.Success;
    }

    internal static MorphMap MapOf(CommandContext context)
    {
        int[] shape = (context.Get(MorphSettings.Shape), context.Get(MorphSettings.Data)) switch
        {
            ({ } given, null) => given,
            (null, { } data) => [.. DataChoice.Open(context, data).Train.SampleShape],
            (null, null) => throw ToolException.Usage($"{context.Values.Section.Replace('-', ' ')}: the size of a "
                + "picture is missing; give --data SET or --shape 3,32,32"),
            _ => throw ToolException.Usage(
                $"{context.Values.Section.Replace('-', ' ')}: --data and --shape exclude each other"),
        };
        return shape.Length == 3
            ? new MorphMap(shape[0], shape[1], shape[2])
            {
                Cores = context.Get(MorphSettings.Cores), IsRepeated = context.Get(MorphSettings.Repeated),
                IsStructured = context.Get(MorphSettings.Structured),
            }
            : throw ToolException.Usage($"--data: needs pictures, [C, H, W] (got samples of {shape.Length} axes)");
    }
}

/// <summary>Warning printed by the commands whose output is handed to others.</summary>
internal static class MorphNotice
{
    internal const string Text =
        "morphing is an obfuscation, not encryption: anyone who has the rows and the layer can compute the pictures "
        + "(docs/mole.md); run temper audit on the bundle before you send it";
}

/// <summary><c>temper morph data</c>: morphs the pictures of a data set into a bundle.</summary>
internal sealed class MorphDataCommand()
    : ToolCommand("morph data", "Morph the pictures of a data set into a bundle; an interrupted run continues")
{
    private static readonly Setting<string?> Output = Setting.Output(
        "output", "Folder of the bundle to write; it may already contain a layer of the same key", OutputKind.Folder);

    private static readonly Setting<string> Format = Setting.Choice(
        "format", "Files of the rows: npy, npz, safetensors or tfrecord", "npy", "npy", "npz", "safetensors",
        "tfrecord");

    internal override IReadOnlyList<Setting> Settings => field ??=
        [MorphSettings.Key, MorphSettings.Data, Output, MorphSettings.PasswordFile, Format];

    internal override bool SharesWork => true;

    internal override int Run(CommandContext context)
    {
        using RankGroup ranks = RankGroup.Open();
        return ranks.Run(() => Run(context, ranks));
    }

    /// <summary>
    /// Morphs the rows: each rank writes its share to the files of the bundle, which must be on a file system shared by
    /// all ranks; rank 0 signs the bundle.
    /// </summary>
    private int Run(CommandContext context, RankGroup ranks)
    {
        string keyPath = context.Require(MorphSettings.Key), source = context.Require(MorphSettings.Data),
            output = context.Require(Output);
        DataSets data = DataChoice.Open(context, source);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        using MorphKey key = MorphSettings.OpenKey(context, keyPath);
        using var morpher = new Morpher(key);
        if (ranks.Size > 1)
        {
            ranks.Share(ranks.Size, share => BundleWriter.WriteShare(
                key, morpher, data, (output, context.Get(Format)), new BatchPart(share, ranks.Size), context.Cancel));
        }

        if (!ranks.IsFirst)
        {
            return ExitCode.Success;
        }

        ProgressDisplay.Run(context.Terminal, "morph", display => MorphBundle.WriteData(
            key, morpher, data, output, context.Get(Format), (part, done, all) =>
                display.Report((double)done / Math.Max(all, 1), $"{part} {done:N0} of {all:N0}"), context.Cancel));
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["bundle"] = output, ["key"] = key.Id, ["train"] = data.Train.Count, ["test"] = data.Test.Count,
                ["map"] = morpher.Digest, ["notice"] = MorphNotice.Text,
            });
        }
        else
        {
            Console.Out.WriteLine(
                $"{output}: {data.Train.Count:N0} + {data.Test.Count:N0} rows morphed; the labels are not obfuscated");
            context.Terminal.Note(MorphNotice.Text);
        }

        return ExitCode.Success;
    }
}

/// <summary><c>temper morph layer</c>: composes the Aug-Conv layer from the developer's first convolution.</summary>
internal sealed class MorphLayerCommand()
    : ToolCommand("morph layer", "Make the first layer for morphed data from a developer's first convolution")
{
    private static readonly Setting<string?> Output = Setting.Output(
        "output", "Folder of the bundle to add the layer to; a layer in it is replaced", OutputKind.Folder);

    private static readonly Setting<bool> Half = Setting.Switch(
        "half", "Store the layer as float16: half the bytes, weights with a relative error of about 3e-4");

    internal override IReadOnlyList<Setting> Settings => field ??=
        [
            MorphSettings.Key, MorphSettings.Weights, ModelSource.Architecture, MorphSettings.Stride,
            MorphSettings.Padding, Output, MorphSettings.PasswordFile, Half,
        ];

    internal override int Run(CommandContext context)
    {
        string keyPath = context.Require(MorphSettings.Key), weightsPath = context.Require(MorphSettings.Weights),
            output = context.Require(Output);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        using MorphKey key = MorphSettings.OpenKey(context, keyPath);
        (Tensor weights, int stride, int padding) = Convolution(context, weightsPath, key.Map);
        using var morpher = new Morpher(key);
        AugConvLayer layer = AugConvLayer.Compose(key, morpher, weights, stride, padding);
        MorphBundle.WriteLayer(key, layer, output, context.Get(Half));
        FirstLayerCheck check = FirstLayerCheck.Of(weights, stride);
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["bundle"] = output, ["key"] = key.Id, ["numbers"] = layer.Weight.Count, ["rank"] = check.Rank,
                ["smallest"] = JsonResult.Number(check.SmallestSingularValue),
                ["redundancy"] = JsonResult.Number(check.Redundancy),
                ["warnings"] = new JsonArray([.. check.Warnings.Select(text => (JsonNode)text)]),
                ["notice"] = MorphNotice.Text,
            });
        }
        else
        {
            Console.Out.WriteLine($"{output}: Aug-Conv layer of {layer.Weight.Count:N0} numbers; the developer's "
                + $"weights have rank {check.Rank}, redundancy {check.Redundancy:F2}");
            check.Warnings.ToList().ForEach(context.Terminal.Note);
            context.Terminal.Note(MorphNotice.Text);
        }

        return ExitCode.Success;
    }

    /// <summary>The developer's convolution; that of a model has its own stride and padding.</summary>
    internal static (Tensor Weights, int Stride, int Padding) Convolution(
        CommandContext context, string path, MorphMap map)
    {
        (Tensor weights, Conv2dOptions? own) = FirstConvolution.Open(context, path, (map.Height, map.Width));
        if (own is null)
        {
            return (weights, context.Get(MorphSettings.Stride), context.Get(MorphSettings.Padding));
        }

        (int stride, int padding) = (own.Stride.Height, own.Padding.Top);
        MorphSettings.RequireSame(context, (MorphSettings.Stride, stride), (MorphSettings.Padding, padding));
        return own == Conv2dOptions.Of(stride, padding) ? (weights, stride, padding) : throw ToolException.Usage(
            $"morph layer: stride or padding of the first convolution of {path} differ between directions (got "
                + $"{own.Stride} and {own.Padding}, expected one of each); change that network");
    }
}
