using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli;
using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Kernels;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper convert</c>: converts a network to another format, reads the file back, and compares the outputs of the
/// two networks.
/// </summary>
internal sealed class ConvertCommand()
    : ToolCommand("convert", "Convert a network to another file format, and check that the outputs are the same")
{
    private const int Samples = 4;
    private const double MaxDifference = 1e-4;

    private static readonly Setting<string?> Target =
        Setting.Positional("target", "An .onnx or .safetensors file, or a folder");

    private static readonly Setting<int> Opset =
        Setting.Integer("opset", "ONNX opset version, 13 to 21", defaultValue: 17, minimum: 13);

    private static readonly Setting<bool> Fold =
        Setting.Switch("fold-normalization", "Fold batch normalizations into the preceding layers");

    private static readonly Setting<bool> Sparse =
        Setting.Switch("sparse", "Store mostly-zero parameters as sparse tensors where that is smaller");

    private static readonly Setting<bool> Force = Setting.Switch("force", "Overwrite existing files");

    internal override IReadOnlyList<string> Examples =>
    [
        "convert weights.pth model.onnx --arch resnet-20",
    ];

    internal override IReadOnlyList<Setting> Settings => field ??=
        [
            ModelSource.Setting, Target, ModelSource.Architecture, ModelSource.Size, .. Preprocessing.Settings, Opset,
            Fold, Sparse, Force,
        ];

    internal override int Run(CommandContext context)
    {
        string source = context.Require(ModelSource.Setting), target = context.Require(Target);
        Check(context, target);
        ModelSource.RequireTrained(source);
        ModelSource.RefuseUnused(context, source);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        Network network = Preprocessing.Apply(context, ModelSource.OpenTrained(
            source, context.Get(ModelSource.Architecture), ModelSource.ImportOptions(context)), sample: null);
        if (network.Inputs.Count > 0 && network.Batch.Kind != BatchKind.Free)
        {
            context.Terminal.Note($"the batch size is fixed: {target} takes {network.Batch}");
        }

        network = context.Get(Fold) ? network.FoldNormalization() : network;
        Network again;
        if (ModelReading.IsOnnx(target))
        {
            OnnxFile.Save(network, target, new OnnxExportOptions
            {
                Opset = context.Get(Opset), SparseInitializers = context.Get(Sparse),
            });
            again = OnnxFile.Load(target).Network;
        }
        else
        {
            ModelFile.Save(network, target, new SaveOptions { Sparse = context.Get(Sparse) });
            again = ModelFile.Load(target);
        }

        (double difference, double largest) = Parity(network, again);
        bool isSame = difference <= MaxDifference * Math.Max(largest, 1);
        Report(context, source, target, difference, largest, isSame);
        return isSame ? ExitCode.Success : ExitCode.ThresholdNotMet;
    }

    /// <summary>
    /// Throws if the target has a format that is not written or would be overwritten, or for a setting that would have
    /// no effect.
    /// </summary>
    private static void Check(CommandContext context, string target)
    {
        ModelTarget.Require("convert", target, writesOnnx: true);
        if ((File.Exists(target) || Directory.Exists(target)) && !context.Get(Force))
        {
            throw ToolException.Usage(
                $"convert: {target} already exists; choose another name, or overwrite it with --force");
        }

        context.RefuseUnused($"{target}, which is not an ONNX file", ModelReading.IsOnnx(target) ? [] : [Opset]);
        if (Preprocessing.OptionsOf(context).Scaling is not null)
        {
            throw ToolException.Usage("convert: --resize would have no effect, since it resizes the pictures of data, "
                + "and convert reads none; give it to eval or train");
        }
    }

    /// <summary>
    /// Returns the largest difference between the outputs of two networks on random samples, and the largest output.
    /// </summary>
    private static (double Difference, double Largest) Parity(Network network, Network again)
    {
        Tensor[] inputs = [.. network.Inputs.Select((input, i) => Random(input, RandomStream.FromSeed(1).Split(i)))];
        IReadOnlyList<Tensor> expected = network.Forward(inputs, Pass.Evaluation),
            found = again.Forward(inputs, Pass.Evaluation);
        (double difference, double largest) = (0, 0);
        foreach ((Tensor a, Tensor b) in expected.Zip(found))
        {
            foreach ((float x, float y) in a.To(DType.Float32).ToArray<float>().Zip(
                b.To(DType.Float32).ToArray<float>()))
            {
                bool isSame = x.Equals(y);
                difference = Math.Max(
                    difference, isSame ? 0 : double.IsFinite(x - y) ? Math.Abs(x - y) : double.PositiveInfinity);
                largest = Math.Max(largest, float.IsFinite(x) ? Math.Abs(x) : 0);
            }
        }

        return (difference, largest);
    }

    private static Tensor Random(InputSpec input, RandomStream stream)
    {
        Shape shape = input.IsBatched ? Shape.Create([Samples, .. input.SampleShape]) : input.SampleShape;
        RandomCursor cursor = stream.Cursor();
        (float low, float high) =
            (float.IsFinite(input.Minimum) ? input.Minimum : 0, float.IsFinite(input.Maximum) ? input.Maximum : 1);
        return Tensor.From((float[])[.. Enumerable.Range(0, shape.Count).Select(_ =>
            cursor.NextSingle(low, high))], shape).To(input.DType);
    }

    private static void Report(
        CommandContext context, string source, string target, double difference, double largest, bool isSame)
    {
        if (context.IsJson)
        {
            JsonResult.Write("convert", new JsonObject
            {
                ["source"] = source,
                ["target"] = target,
                ["difference"] = JsonResult.Number(difference),
                ["largest"] = JsonResult.Number(largest),
                ["same"] = isSame,
            });
            return;
        }

        if (context.Get(Sparse) && ModelReading.IsOnnx(target))
        {
            context.Terminal.Note("sparse initializers: a runtime without sparse kernels, such as ONNX Runtime on "
                + "CPUs, expands them when it loads the model");
        }

        Console.Out.WriteLine($"{target}: read back, outputs on random samples differ by at most {difference:G3} "
            + $"(largest output {largest:G3}){(isSame ? "" : ": NOT the same")}");
    }
}
