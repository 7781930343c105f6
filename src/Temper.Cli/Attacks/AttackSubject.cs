using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Networks;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Robustness.Evaluation;
using Temper.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Cli.Attacks;

/// <summary>The target of an attack, the samples converted to its input shape, and the class names.</summary>
/// <param name="Target">A network, or a served model.</param>
/// <param name="Samples">Test samples, or all samples if there are no test samples.</param>
/// <param name="Classes">One class name per output.</param>
internal sealed record AttackSubject(AttackTarget Target, Dataset Samples, IReadOnlyList<string> Classes) : IDisposable
{
    /// <summary>Model on which the perturbations are computed instead of the target; null: the target itself.</summary>
    internal AttackTarget? Surrogate { get; init; }

    /// <summary>Class that the attack aims at; null: any wrong class.</summary>
    internal int? Aim { get; init; }

    /// <summary>Indices in the data of the samples to attack; null: samples from the first one on.</summary>
    internal IReadOnlyList<int>? Rows { get; init; }

    /// <summary>
    /// The network as it was opened, if the target is one; null: a server. The target has no softmax at its end.
    /// </summary>
    private Network? Network { get; init; }

    /// <summary>Whether a model is the address of a server.</summary>
    internal static bool IsServed(string model) =>
        model.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            || model.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Opens a model file, or connects to a server, and the samples.</summary>
    /// <param name="context">Settings of the command.</param>
    /// <param name="model">A file, a run folder, or the address of a served model.</param>
    /// <param name="source">Name or path of the samples.</param>
    /// <param name="access">What may be read from the model.</param>
    internal static AttackSubject Open(CommandContext context, string model, string source, Access access)
    {
        DataSets data = DataChoice.Open(context, source);
        Dataset samples = data.Test.Count > 0 ? data.Test : data.Train;
        DataChecks.RequireSamples("attack", source, samples);
        return IsServed(model)
            ? Served(context, model, samples, access)
            : Stored(context, model, data with { Train = samples, Test = samples }, access);
    }

    /// <summary>Warns if the target is a network that was trained on morphed rows.</summary>
    internal void WarnOfMorphedRows(CommandContext context)
    {
        if (Network is { } network)
        {
            MorphedRows.Warn(context, network, "the accuracy under attack means nothing");
        }
    }

    /// <summary>Says that the logits are attacked, if the target is a network that ends with a softmax.</summary>
    /// <param name="context">Context of the command.</param>
    /// <param name="model">Name of the network, as the user gave it.</param>
    internal void TellOfSoftmax(CommandContext context, string model)
    {
        if (Network is { } network)
        {
            FinalSoftmax.Tell(context, model, network);
        }
    }

    public void Dispose() => (Target as IDisposable)?.Dispose();

    /// <summary>
    /// Returns the subject of an attack that aims at a class: the first samples, without those of the class.
    /// </summary>
    /// <param name="aim">Index of the class; null: any wrong class, so that no sample is left out.</param>
    /// <param name="count">Number of samples to attack or leave out.</param>
    internal AttackSubject AimedAt(int? aim, int count)
    {
        if (aim is null)
        {
            return this;
        }

        int[] rows = [.. Enumerable.Range(0, count).Where(i => Samples.Label(i) != aim)];
        return rows.Length > 0 || count == 0
            ? this with { Samples = Samples.Subset(rows), Aim = aim, Rows = rows }
            : throw ToolException.Usage($"{AttackSettings.TargetClass.Flag}: there is no sample to attack (got {count} "
                + $"of class {Classes[aim.Value]}, which are left out); choose another class, or more samples with "
                + $"{AttackSettings.Limit.Flag}");
    }

    /// <summary>Returns the criterion of success for samples with these labels.</summary>
    internal Criterion CriterionOf(ReadOnlySpan<long> labels) => RobustnessEvaluation.CriterionOf(labels, Aim);

    /// <summary>
    /// Returns the predicted class of each input; -1 if its logits are not finite. Null without a target class, where
    /// the outcomes tell whether clean samples are classified correctly.
    /// </summary>
    internal long[]? Predictions(Tensor inputs)
    {
        if (Aim is null)
        {
            return null;
        }

        long[] found = new long[inputs.Shape[0]];
        float[] logits = new float[found.Length * Target.Classes];
        Target.Scores(inputs.AsSpan<float>(), found.Length, logits);
        for (int i = 0; i < found.Length; i++)
        {
            ReadOnlySpan<float> row = logits.AsSpan(i * Target.Classes, Target.Classes);
            found[i] = row.ContainsAnyExceptInRange(float.MinValue, float.MaxValue)
                ? -1
                : TensorPrimitives.IndexOfMax(row);
        }

        return found;
    }

    private static AttackSubject Stored(CommandContext context, string model, DataSets data, Access access)
    {
        (Network network, DataSets fitted) = DataForModel.Open(
            context, Preprocessing.OptionsOf(context), data,
            options => ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), options));
        Dataset samples = fitted.Test;
        network = Preprocessing.Apply(context, network, samples.SampleShape, takesBounds: false);
        DataChecks.RequireClasses(network, samples);
        AttackTarget target =
            AttackAccess.Limit(new NetworkTarget(FinalSoftmax.Removed(network), Bounds(context)), access);
        RequireLabels(context, target, samples);
        return new AttackSubject(target, samples, ClassLabels.Of(network, samples, target.Classes))
        {
            Network = network,
        };
    }

    private static AttackSubject Served(CommandContext context, string model, Dataset samples, Access access)
    {
        (float, float) bounds = Bounds(context) ?? throw ToolException.Usage(
            "--bounds: is missing; a server does not report the range of its inputs; give it, such as --bounds 0,1");
        Uri address = Uri.TryCreate(model, UriKind.Absolute, out Uri? uri) ? uri : throw ToolException.Usage(
            $"model: not an address (got '{model}', expected one such as http://localhost:8080/v2/models/model)");
        ServedTarget target = ServedTarget.Connect(address, bounds, access, AttackSettings.Token(context));
        try
        {
            RequireShape(target, samples);
            RequireLabels(context, target, samples);
        }
        catch (ToolException)
        {
            target.Dispose();
            throw;
        }

        return new AttackSubject(target, samples, [.. Enumerable.Range(0, target.Classes).Select(i =>
            i < samples.ClassNames.Count ? samples.ClassNames[i] : $"{i}")]);
    }

    private static void RequireShape(ServedTarget target, Dataset samples)
    {
        if (target.SampleShape.Count != samples.SampleShape.Count)
        {
            throw new ToolException(ExitCode.BadInput, "data: samples do not fit the served model (got "
                + $"{samples.SampleShape}, expected {target.SampleShape})");
        }
    }

    /// <summary>Throws before the first query if a label of the samples to attack is no class of the target.</summary>
    private static void RequireLabels(CommandContext context, AttackTarget target, Dataset samples) =>
        DataChecks.RequireLabels(
            target.Classes, samples.Take(context.Get(AttackSettings.Limit) ?? samples.Count), "test");

    private static (float, float)? Bounds(CommandContext context) =>
        context.Get(Preprocessing.Bounds) is [var low, var high] ? (low, high) : null;
}
