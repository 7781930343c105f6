using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Runs;

/// <summary>
/// What must hold between a network and its data before anything starts: after hours of training it is too late.
/// </summary>
internal static class DataChecks
{
    /// <summary>Throws where data cannot be trained on and measured with.</summary>
    internal static void RequireToTrain(CommandContext context, Network network, DataSets data)
    {
        string command = context.Values.Section;
        if (data.Train.Count < 2)
        {
            throw new ToolException(
                ExitCode.BadInput, $"{command}: too few training samples (got {data.Train.Count}, expected 2 or more: "
                    + "some train, some choose the epoch)");
        }

        RequireClasses(network, data.Train);
        RequireLabels(network, data.Train, "training");
        RequireToMeasure(context, network, data.Test);
        if (Enumerable.Range(0, data.Train.Count).Select(data.Train.Label).Distinct().Take(2).Count() == 1)
        {
            context.Terminal.Note("warning: all training samples are of one class, "
                + $"{data.Train.ClassNames[(int)data.Train.Label(0)]}: there is nothing to tell apart");
        }
    }

    /// <summary>
    /// Throws where test samples are wanted and cannot be measured with; says so where there are none.
    /// </summary>
    internal static void RequireToMeasure(CommandContext context, Network network, Dataset test)
    {
        RequireLabels(network, test, "test");
        if (test.Count > 0)
        {
            return;
        }

        if (context.Get(RunSettings.FailBelow) is not null)
        {
            throw ToolException.Usage(
                $"{RunSettings.FailBelow.Flag}: there are no test samples to measure (got 0 from {test.Name})");
        }

        context.Terminal.Note("warning: there are no test samples; the result is not measured");
    }

    /// <summary>Throws where a new network would have fewer than two outputs.</summary>
    internal static void RequireSeveralClasses(Dataset data)
    {
        if (data.ClassNames.Count < 2)
        {
            throw new ToolException(ExitCode.BadInput, "data: a classifier needs two classes or more (got "
                + $"{data.ClassNames.Count} in {data.Name})");
        }
    }

    /// <summary>
    /// Throws where network and data name their classes and do not agree. Numbers are no names: arrays and digits have
    /// no others.
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
            $"data: classes of {data.Name} are not those of the network (class {at} is {Shown(given, at)}, the network "
            + $"has {Shown(own, at)}); name other data with --data, or the data's classes with --classes");
    }

    /// <summary>Throws where a label is no output of the network.</summary>
    internal static void RequireLabels(Network network, Dataset data, string part)
    {
        if (data.TargetShape is not null || network.Outputs is not [{ } output])
        {
            return;
        }

        Shape shape = network.Graph.ShapeOf(output.Value);
        int classes = shape.Rank == 0 ? 0 : shape[^1];
        for (int i = 0; i < data.Count; i++)
        {
            if (data.Label(i) >= classes)
            {
                throw new ToolException(
                    ExitCode.BadInput,
                    $"data: a {part} label is no class of the network (got {data.Label(i)} at sample {i} of "
                    + $"{data.Name}, expected 0 to {classes - 1}); --replace-head trains new outputs");
            }
        }
    }

    private static bool AreNames(IReadOnlyList<string> names) => names.Count > 0
        && !names.Index().All(entry => IsNumber(entry.Item, entry.Index));

    /// <summary>As sets without names count their classes: <c>3</c>, <c>class 3</c>.</summary>
    private static bool IsNumber(string name, int index)
    {
        string number = index.ToString(CultureInfo.InvariantCulture);
        return string.Equals(name, number, StringComparison.Ordinal)
            || string.Equals(name, $"class {number}", StringComparison.Ordinal);
    }

    private static string Shown(IReadOnlyList<string> names, int at) => at < names.Count ? $"'{names[at]}'" : "none";
}
