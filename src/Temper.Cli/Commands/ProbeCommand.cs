using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Hardening;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Kernels;
using Temper.Networks;
using Temper.Randomness;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Tensors;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper probe</c>: measures the distances from samples to the decision boundary of their class, by family of
/// directions and by class.
/// </summary>
internal sealed class ProbeCommand() : ToolCommand(
    "probe", "Measure the distance from samples to the decision boundary, by direction and class")
{
    internal override IReadOnlyList<Setting> Settings => field ??=
        [
            ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, .. Preprocessing.Settings,
            .. ProbeSettings.All,
        ];

    internal override int Run(CommandContext context)
    {
        string model = context.Require(ModelSource.Setting);
        string source = context.Get(ProbeSettings.Data)
            ?? throw ToolException.Usage("probe: --data is missing; give the data set to probe");
        ModelSource.RequireTrained(model);
        ModelSource.RefuseUnused(context, model);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        (Network network, Dataset samples, Dataset aims) = Open(context, model, source);
        var target = new NetworkTarget(network, Preprocessing.BoundsOf(context, network));
        RandomStream random = RandomStream.FromSeed(context.Get(ProbeSettings.Seed));
        int count = Math.Min(context.Get(ProbeSettings.Samples), samples.Count);
        Dataset probed = StratifiedSplit.Of(samples, count, random.Split("samples")).HeldOut;
        (Tensor inputs, Tensor labels) = probed.Read(0, count);
        inputs = inputs.Reshape([count, .. target.SampleShape.AsSpan()]);
        var reference = new SampleReference(aims);
        IReadOnlyList<DirectionFamily> families = ProbeSettings.FamiliesOf(context.Get(ProbeSettings.Families))
            ?? DirectionFamily.For(target);
        long start = context.Time.GetTimestamp();
        ProbeResult found = Probe(() => DecisionSpaceProbe.Run(
            target, inputs, labels.AsSpan<long>(), reference, random.Split("directions"),
            ProbeSettings.Options(context, families), context.Cancel));
        double seconds = context.Time.GetElapsedTime(start).TotalSeconds;
        DecisionSpace space = DecisionSpace.Of(found, context.Get(ProbeSettings.Tau));
        IReadOnlyList<string> classes = ClassLabels.Of(network, samples, target.Classes);
        string? report = context.Get(ProbeSettings.Output) is { } folder
            ? WriteReport(folder, (space, found, target), classes, $"{model} on {source}")
            : null;
        Tell(context, (model, source), (found, space, seconds), (classes, report));
        return ExitCode.Success;
    }

    /// <summary>
    /// Opens the network, the samples to probe, and the samples of other classes that directions aim at.
    /// </summary>
    private static (Network Network, Dataset Samples, Dataset Aims) Open(
        CommandContext context, string model, string source)
    {
        DataSets data = DataChoice.Open(context, source);
        data = data with
        {
            Train = data.Train.Count > 0 ? data.Train : data.Test, Test = data.Test.Count > 0 ? data.Test : data.Train,
        };
        DataChecks.RequireSamples("probe", source, data.Test);
        (Network network, data) = DataForModel.Open(
            context, Preprocessing.OptionsOf(context), data,
            options => ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), options));
        network = Preprocessing.Apply(context, network, data.Test.SampleShape, takesBounds: false);
        MorphedRows.Warn(context, network, "the distances mean nothing");
        DataChecks.RequireClasses(network, data.Test);
        DataChecks.RequireLabels(network, data.Test, "test");
        return (FinalSoftmax.Removed(context, model, network), data.Test, data.Train);
    }

    /// <summary>
    /// Runs the probe; samples that cannot be probed end with the exit code for bad input, not for wrong usage.
    /// </summary>
    private static ProbeResult Probe(Func<ProbeResult> probe)
    {
        try
        {
            return probe();
        }
        catch (ArgumentException error)
        {
            throw new ToolException(ExitCode.BadInput, Failure.Text(error));
        }
    }

    private static string WriteReport(
        string folder, (DecisionSpace Space, ProbeResult Found, NetworkTarget Target) probe,
        IReadOnlyList<string> classes, string title)
    {
        List<Section> sections = [.. DecisionSpaceSection.Of(probe.Space, classes)];
        Reporting.Documents.Picture[] slices = [.. DecisionSlice.Of(probe.Target, probe.Found, classes, 6)];
        if (slices.Length > 0)
        {
            sections.Add(new Section("Slices", [new Paragraph(DecisionSlice.Explanation), new PictureGrid(slices)]));
        }

        string path = Path.Combine(folder, "report.html");
        Directory.CreateDirectory(folder);
        new Report
        {
            Title = $"Decision space: {title}",
            Subtitle = $"temper probe, {Plural.Of(probe.Found.Labels.Count, "sample")}", Sections = sections,
        }.Save(path);
        return path;
    }

    private static void Tell(
        CommandContext context, (string Model, string Data) about,
        (ProbeResult Found, DecisionSpace Space, double Seconds) probe,
        (IReadOnlyList<string> Classes, string? Report) to)
    {
        (ProbeResult found, DecisionSpace space, double seconds) = probe;
        if (context.IsJson)
        {
            JsonObject fields = DecisionSpaceJson.Of(space, found.Accuracy, to.Classes);
            fields["model"] = about.Model;
            fields["data"] = about.Data;
            fields["seed"] = context.Get(ProbeSettings.Seed);
            fields["samples"] = found.Labels.Count;
            fields["paths"] = found.Paths.Count;
            fields["forwards"] = found.Forwards;
            fields["backwards"] = found.Backwards;
            fields["seconds"] = Math.Round(seconds, 3);
            fields["paths_per_second"] = JsonResult.Number(Math.Round(found.Paths.Count / Math.Max(seconds, 1e-9), 1));
            fields["report"] = to.Report;
            JsonResult.Write("probe", fields);
            return;
        }

        var table = new ResultTable($"{about.Model} on {Plural.Of(found.Labels.Count, "sample")} of "
            + $"{about.Data}", "family", "unit", "#median", "#10th percentile", "#covered", "#islands");
        foreach (FamilyCriteria family in space.Families)
        {
            table.Row(
                family.Family.Name, family.Family.IsRay ? "L2" : "severity", Number(family.All.Median),
                Number(family.All.TenthPercentile),
                $"{family.All.Coverage * 100:F1} %", $"{family.Islands}");
        }

        table.Write(context.Terminal);
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"accuracy {found.Accuracy * 100:F2} %, inequality of classes {Number(space.Inequality.Range)} (Gini "
            + $"{Number(space.Inequality.Gini)})"));
        if (DecisionSpaceSection.WithoutGradient(space) is { } warning)
        {
            Console.Out.WriteLine(warning);
        }

        Console.Out.WriteLine($"{Plural.Of(found.Paths.Count, "path")} in {seconds:F1} s, "
            + $"{found.Forwards:N0} forward and {found.Backwards:N0} backward passes");
        if (to.Report is not null)
        {
            Console.Out.WriteLine($"report: {to.Report}");
        }
    }

    private static string Number(double value) =>
        double.IsFinite(value) ? value.ToString("G4", CultureInfo.InvariantCulture) : "-";
}
