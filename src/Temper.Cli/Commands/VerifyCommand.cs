using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Cli;
using Temper.Formats.Onnx;
using Temper.Kernels;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper verify</c>: runs an ONNX model on its test data (in the folder layout of the ONNX test suite) and compares
/// the outputs.
/// </summary>
internal sealed class VerifyCommand()
    : ToolCommand("verify", "Run an ONNX model on its test data and compare the outputs; exit code 0 if all agree, "
        + "4 if one does not")
{
    private static readonly Setting<string?> Model = Setting.Positional("model", "The .onnx file");

    private static readonly Setting<string?> TestData =
        Setting.OptionalText("test-data", "Folder with test_data_set_0 and so on [default: the model's folder]");

    private static readonly Setting<double> Relative =
        Setting.Number("relative", "Relative tolerance", defaultValue: 1e-3);

    private static readonly Setting<double> Absolute =
        Setting.Number("absolute", "Absolute tolerance, added to the relative one", defaultValue: 1e-7);

    internal override IReadOnlyList<Setting> Settings => field ??= [Model, TestData, Relative, Absolute];

    internal override int Run(CommandContext context)
    {
        string model = context.Require(Model);
        string folder = context.Get(TestData) ?? Path.GetDirectoryName(Path.GetFullPath(model))!;
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        IReadOnlyList<OnnxComparison> found =
            OnnxVerification.Run(model, folder, new OnnxTolerance(context.Get(Relative), context.Get(Absolute)));

        // A model without outputs compares nothing, which must not look like agreement.
        bool agrees = found.Count > 0 && found.All(output => output.Agrees);
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["model"] = model,
                ["agrees"] = agrees,
                ["outputs"] = new JsonArray([.. found.Select(output => (JsonNode)new JsonObject
                {
                    ["set"] = output.DataSet,
                    ["output"] = output.Output,
                    ["absolute"] = JsonResult.Number(output.LargestAbsolute),
                    ["relative"] = JsonResult.Number(output.LargestRelative),
                    ["agrees"] = output.Agrees,
                    ["remark"] = output.Remark,
                })]),
            });
            return agrees ? ExitCode.Success : ExitCode.ThresholdNotMet;
        }

        var table = new ResultTable(model, "data set", "output", "#largest difference", "#relative", "agrees");
        foreach (OnnxComparison output in found)
        {
            table.Row(
                output.DataSet, output.Output, $"{output.LargestAbsolute:G3}", $"{output.LargestRelative:G3}",
                output.Agrees ? "yes" : $"no {output.Remark}");
        }

        table.Write(context.Terminal);
        return agrees ? ExitCode.Success : ExitCode.ThresholdNotMet;
    }
}
