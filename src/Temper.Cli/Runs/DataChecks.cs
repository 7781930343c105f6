using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Cli.Reinforcement;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Wording;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Cli.Runs;

/// <summary>Checks that a network and its data fit together, before any training starts.</summary>
internal static class DataChecks
{
    /// <summary>Number of samples that suffice to choose an epoch.</summary>
    private const int EnoughHeldOut = 20;

    /// <summary>Number of rows whose deviations are computed.</summary>
    private const int MaxForScale = 1000;

    /// <summary>Deviation of a column above which a table counts as not scaled.</summary>
    private const double LargeDeviation = 10;

    /// <summary>Throws if the data cannot be used for training and measuring.</summary>
    internal static void RequireToTrain(CommandContext context, Network network, DataSets data)
    {
        string command = context.Values.Section;
        if (data.Train.Count < 2)
        {
            throw new ToolException(
                ExitCode.BadInput, $"{command}: too few training samples (got {data.Train.Count}, expected 2 or more: "
                    + "at least one for training and one for validation)");
        }

        RequireClasses(network, data.Train);
        RequireLabels(network, data.Train, "training", CanReplaceHead(context));
        RequireToMeasure(context, network, data.Test);
        if (ClassWarning(data) is { } warning)
        {
            context.Terminal.Note($"warning: {warning}");
        }
    }

    /// <summary>
    /// Returns a warning if the network cannot learn to distinguish the classes, because all training samples have the
    /// same one, or some classes have no training sample; else null.
    /// </summary>
    internal static string? ClassWarning(DataSets data)
    {
        IReadOnlyList<string> names = data.Train.ClassNames;
        long[] trained = [.. Labels(data.Train)];
        if (trained is [var only])
        {
            return $"all training samples have the same class, {names[(int)only]}: the network cannot learn to "
                + "distinguish classes";
        }

        string[] missing = data.Train.TargetShape is not null
            ? []
            : [.. Enumerable.Range(0, names.Count).Where(i => !trained.Contains(i)).Select(i => names[i])];
        bool isOne = missing.Length == 1, isTested = Labels(data.Test).Except(trained).Any();
        return missing.Length == 0
            ? null
            : $"no training sample has the {(isOne ? "class" : "classes")} {Names.Sample(missing)}"
                + $"{(isTested ? ", but test samples have" : "")}: the network cannot learn {(isOne ? "it" : "them")}";
    }

    /// <summary>
    /// Returns a note if too few samples are held out to choose an epoch by their accuracy; else null.
    /// </summary>
    internal static string? FewHeldOut(int count, int classes) => count >= Math.Max(EnoughHeldOut, classes)
        ? null
        : $"note: only {Plural.Of(count, "sample")} held out to choose the epoch (expected {EnoughHeldOut} or more, "
            + $"and one for each of {classes} classes), so the validation accuracy says little; hold out more with "
            + $"{RunSettings.Validation.Flag}, or give more data";

    /// <summary>Returns a note if a new network is to be trained on a table of large numbers; else null.</summary>
    /// <param name="source">The data as the user named them.</param>
    /// <param name="train">The training samples.</param>
    internal static string? Unscaled(string source, Dataset train)
    {
        string path = source.Split('?')[0];
        bool isTable = path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)
            || path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase);
        if (!isTable || train.Count == 0 || train.SampleShape.Rank != 1)
        {
            return null;
        }

        Dataset some = train.Spread(MaxForScale);
        (Tensor inputs, _) = some.Read(0, some.Count);
        float[] values = inputs.ToArray<float>();
        float largest = Enumerable.Range(0, train.SampleShape.Count).Max(column => Deviation(values, column));
        return largest > LargeDeviation
            ? string.Create(CultureInfo.InvariantCulture,
                $"note: the columns of {path} are not scaled (deviations up to {largest:G3}), which hinders training; "
                + $"--data \"{source}{(path.Length < source.Length ? '&' : '?')}scale=standard\" scales them")
            : null;

        float Deviation(float[] rows, int column)
        {
            float[] numbers = new float[some.Count];
            for (int i = 0; i < numbers.Length; i++)
            {
                numbers[i] = rows[(i * train.SampleShape.Count) + column];
            }

            return TensorPrimitives.StdDev(numbers);
        }
    }

    private static IEnumerable<long> Labels(Dataset samples) =>
        samples.HasLabels ? Enumerable.Range(0, samples.Count).Select(samples.Label).Distinct() : [];

    /// <summary>
    /// Throws if the test samples cannot be used for measuring; prints a warning if there are none, or none with
    /// labels.
    /// </summary>
    internal static void RequireToMeasure(CommandContext context, Network network, Dataset test)
    {
        RequireLabels(network, test, "test", CanReplaceHead(context));
        if (test is { Count: > 0, HasLabels: true })
        {
            return;
        }

        if (context.Get(RunSettings.FailBelow) is not null)
        {
            throw ToolException.Usage($"{RunSettings.FailBelow.Flag}: there are no test samples to measure (got "
                + $"{(test.Count == 0 ? "0" : $"{test.Count} without labels")} from {test.Name})");
        }

        context.Terminal.Note(test.Count == 0
            ? "warning: there are no test samples; the result is not measured"
            : "warning: the test samples have no labels; accuracy on them is not measured");
    }

    /// <summary>Throws if there are neither test samples nor, in their place, training samples.</summary>
    /// <param name="command">Name of the command.</param>
    /// <param name="source">Name or path of the data.</param>
    /// <param name="samples">The test samples, or the training samples if there are none.</param>
    internal static void RequireSamples(string command, string source, Dataset samples)
    {
        if (samples.Count == 0)
        {
            throw new ToolException(
                ExitCode.BadInput, $"{command}: there are no test samples in {source}, and no other samples (got 0, "
                    + "expected 1 or more); give other data");
        }
    }

    /// <summary>Throws if a new network would have fewer than two outputs.</summary>
    internal static void RequireSeveralClasses(Dataset data)
    {
        if (data.ClassNames.Count < 2)
        {
            throw new ToolException(ExitCode.BadInput, "data: a classifier needs two classes or more (got "
                + $"{data.ClassNames.Count} in {data.Name})");
        }
    }

    /// <summary>
    /// Throws if the network and the data both name their classes and the names differ. Class indices do not count as
    /// names.
    /// </summary>
    internal static void RequireClasses(Network network, Dataset data)
    {
        IReadOnlyList<string> own = network.ClassNames, given = data.ClassNames;
        if (!AreNames(own) || !AreNames(given) || own.SequenceEqual(given, StringComparer.Ordinal))
        {
            return;
        }

        int at = Enumerable.Range(0, Math.Max(own.Count, given.Count)).First(
            i => i >= own.Count || i >= given.Count || !string.Equals(own[i], given[i], StringComparison.Ordinal));
        throw new ToolException(
            ExitCode.BadInput,
            $"data: classes of {data.Name} differ from those of the network (class {at} is {Shown(given, at)}, the "
            + $"network has {Shown(own, at)}); choose other data with --data, or set the class names with --classes");
    }

    /// <summary>Throws if a label is not the index of an output of the network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="data">The samples.</param>
    /// <param name="part">What the samples are used for, such as <c>test</c>.</param>
    /// <param name="canReplaceHead">Whether the command has the option that the message then names.</param>
    internal static void RequireLabels(Network network, Dataset data, string part, bool canReplaceHead = false)
    {
        if (network.Outputs is [{ } output])
        {
            RequireLabels(OutputsOf(network, output), data, part, canReplaceHead);
        }
    }

    /// <summary>Throws if the network has a single output, as binary classifiers have.</summary>
    internal static void RequireSeveralOutputs(Network network)
    {
        if (network.Outputs is [{ } output] && OutputsOf(network, output) == 1)
        {
            throw Binary();
        }
    }

    private static int OutputsOf(Network network, NetworkOutput output)
    {
        Shape shape = network.Graph.ShapeOf(output.Value);
        return shape.Rank == 0 ? 0 : shape[^1];
    }

    private static ToolException Binary() => new(
        ExitCode.BadInput,
        "model: a binary classifier with one output, a Sigmoid or a single logit z, is not supported (got 1 output, "
            + "expected one per class); export it with the two logits [0, z], of shape [N, 2], see 'Binary "
            + "classifiers' in docs/formats.md");

    /// <inheritdoc cref="RequireLabels(Network, Dataset, string, bool)"/>
    /// <param name="classes">Number of outputs of the network.</param>
    /// <param name="data">The samples.</param>
    /// <param name="part">What the samples are used for, such as <c>test</c>.</param>
    /// <param name="canReplaceHead">Whether the command has the option that the message then names.</param>
    internal static void RequireLabels(int classes, Dataset data, string part, bool canReplaceHead = false)
    {
        if (data.TargetShape is not null || !data.HasLabels)
        {
            return;
        }

        for (int i = 0; i < data.Count; i++)
        {
            if (data.Label(i) >= classes)
            {
                throw classes == 1 ? Binary() : new ToolException(
                    ExitCode.BadInput,
                    $"data: a {part} label is not a class of the network (got {data.Label(i)} at sample {i} of "
                    + $"{data.Name}, expected 0 to {classes - 1}); "
                    + (canReplaceHead ? "--replace-head trains new outputs" : "use data with the network's classes"));
            }
        }
    }

    private static bool CanReplaceHead(CommandContext context) => context.Values.Section is "train";

    /// <summary>Whether classes have names, not only numbers.</summary>
    internal static bool AreNames(IReadOnlyList<string> names) => names.Count > 0
        && !names.Index().All(entry => IsNumber(entry.Item, entry.Index));

    /// <summary>
    /// Whether a name is only an index, as in data sets without class names: <c>3</c> or <c>class 3</c>.
    /// </summary>
    private static bool IsNumber(string name, int index)
    {
        string number = index.ToString(CultureInfo.InvariantCulture);
        return string.Equals(name, number, StringComparison.Ordinal)
            || string.Equals(name, $"class {number}", StringComparison.Ordinal);
    }

    private static string Shown(IReadOnlyList<string> names, int at) => at < names.Count ? $"'{names[at]}'" : "none";
}
