using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Data.Video;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;
using Temper.Robustness.Video;
using Temper.Tensors;

namespace Temper.Cli.Attacks;

/// <summary>One run of <c>temper attack --video</c>.</summary>
internal static class VideoAttackRun
{
    /// <summary>Number of clips to attack if <c>--limit</c> is not given.</summary>
    private const int DefaultLimit = 60;

    /// <summary>
    /// How long to wait for the signal after a failure of ffmpeg: a signal to the process group ends it at once, maybe
    /// before it reaches this process.
    /// </summary>
    private static readonly TimeSpan SignalDelay = TimeSpan.FromMilliseconds(200);

    internal static int Execute(CommandContext context, string model) =>
        Interruptible(() => Attacked(context, model), SignalDelay, context.Cancel);

    /// <summary>
    /// Reports interruption instead of the failure of an ffmpeg that the same signal has ended, such as that of Ctrl-C.
    /// </summary>
    /// <param name="work">The attack; returns the exit code.</param>
    /// <param name="delay">How long to wait for the signal after a failure.</param>
    /// <param name="cancel">Requested by the signal.</param>
    /// <exception cref="OperationCanceledException">The work failed, and cancellation was requested.</exception>
    internal static int Interruptible(Func<int> work, TimeSpan delay, CancellationToken cancel)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (error is IOException or FormatException && cancel.WaitHandle.WaitOne(delay))
        {
            throw new OperationCanceledException("attack: interrupted", error, cancel);
        }
    }

    private static int Attacked(CommandContext context, string model)
    {
        Network network = Victim(context, model);
        var target = new NetworkTarget(network);
        (Tensor clips, long[]? labels, double rate) = Clips(context, network);
        AttackTarget victim = ByteFrames.Victim(target);
        AttackTarget? surrogate = Surrogate(context);
        var evaluation = new VideoEvaluation(victim, clips, labels ?? Predictions(victim, clips), context.Time);
        List<VideoRow> rows = [evaluation.Clean()];
        VideoOutcome? last = null;
        foreach (double level in context.Get(VideoAttackSettings.Levels))
        {
            double epsilon = ByteFrames.WholeLevels(level, target.Maximum - target.Minimum);
            foreach (string rule in context.Get(VideoAttackSettings.Rules))
            {
                last = Run(context, evaluation, (victim, network, surrogate), rule, epsilon);
                rows.Add(last.Row);
                context.Terminal.Note(VideoAttackText.Line(last.Row));
            }
        }

        var files = new VideoAttackFiles(context, network, evaluation, clips, labels, rate);
        JsonObject? check = last is null ? null : files.Write(rows, last, $"{model} on {Source(context)}");
        IReadOnlyList<VideoDefense> defenses = last is not null && context.Get(VideoAttackSettings.Defenses)
            ? VideoDefense.Measure(
                network, victim, labels ?? evaluation.Predictions, (clips, last.Result.Adversarials), context.Cancel)
            : [];
        return Tell(context, model, rows, defenses, check);
    }

    internal static string Source(CommandContext context) =>
        context.Get(VideoAttackSettings.Clip) ?? context.Get(AttackSettings.Data) ?? "";

    private static VideoOutcome Run(
        CommandContext context, VideoEvaluation evaluation,
        (AttackTarget Victim, Network Network, AttackTarget? Surrogate) models, string rule, double epsilon)
    {
        RandomStream random = RandomStream.FromSeed(context.Get(AttackSettings.Seed)).Split("video");
        Attack attack = VideoAttacks.Create(
            rule, epsilon, context.Get(AttackSettings.Steps) ?? 10, context.Get(VideoAttackSettings.Queries));
        attack = models.Surrogate is { } other ? new Transfer(attack, other) : attack;
        VideoOutcome outcome = evaluation.Run(
            attack, epsilon, context.Get(VideoAttackSettings.TrueLabels), random,
            Asked(context, models.Victim, models.Network), context.Cancel);
        if (attack is Transfer && TrustChecks.Tried(outcome.Result) is { IsSuspicious: true } check)
        {
            context.Terminal.Note($"{rule} {outcome.Row.Levels:0.##}/255: {check.Finding}");
        }

        return outcome with { Row = outcome.Row with { Attack = rule } };
    }

    /// <summary>The model on which the perturbations are computed instead of the victim; null: the victim.</summary>
    private static AttackTarget? Surrogate(CommandContext context) =>
        context.Get(AttackSettings.Surrogate) is { } other
            ? ByteFrames.Victim(new NetworkTarget(FinalSoftmax.Removed(
                context, other, ModelSource.OpenTrained(other, context.Get(ModelSource.Architecture)))))
            : null;

    /// <summary>The target with the gradients that the attacker is assumed to know.</summary>
    private static AttackTarget Asked(CommandContext context, AttackTarget victim, Network network) =>
        context.Get(VideoAttackSettings.Gradients) switch
    {
        VideoAttackSettings.WhiteBox => victim,
        VideoAttackSettings.SummedLogits =>
            new SurrogateTarget(victim, ByteFrames.Victim(new NetworkTarget(network.WithSummedLogits()))),
        var stream when stream is "motion" or "frame" =>
            new SurrogateTarget(victim, ByteFrames.Victim(new NetworkTarget(network.Stream(stream)))),
        var flow => new SurrogateTarget(victim, ByteFrames.Victim(new NetworkTarget(
            network.WithFlow(OpticalFlowOptions.Of(FlowMethods.ByName(flow)))))),
    };

    private static Network Victim(CommandContext context, string model)
    {
        Network network = ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture));
        if (network.Inputs is not [{ SampleShape: { Rank: 4 } }])
        {
            throw ToolException.Usage("attack: --video needs a network of clips [T, C, H, W] (got "
                + $"{string.Join(", ", network.Inputs.Select(input => input.SampleShape))}), such as two-stream");
        }

        network = FinalSoftmax.Removed(context, model, network);
        string flow = context.Get(VideoAttackSettings.Flow);
        return flow is VideoAttackSettings.Own
            ? network
            : network.WithFlow(OpticalFlowOptions.Of(FlowMethods.ByName(flow)));
    }

    private static (Tensor Clips, long[]? Labels, double Rate) Clips(CommandContext context, Network network)
    {
        Shape shape = network.Inputs[0].SampleShape;
        if (context.Get(VideoAttackSettings.Clip) is { } path)
        {
            if (shape[2] != shape[3] || shape[1] != 3)
            {
                throw ToolException.Usage($"attack: --clip needs a network of square color frames (got {shape})");
            }

            VideoClip clip = VideoFile.Load(path, new VideoReadOptions { Frames = shape[0] });
            return clip.Frames == shape[0]
                ? (clip.Square(shape[2]).ToTensor().Unsqueeze(0), null, clip.FramesPerSecond)
                : throw new ToolException(ExitCode.BadInput, $"attack: {path}: too short for the network (got "
                    + $"{clip.Frames} frames, expected {shape[0]} or more)");
        }

        string source = context.Get(AttackSettings.Data)
            ?? throw ToolException.Usage("attack: --video needs the clips to attack; give --data or --clip");
        DataSets data = DataChoice.Open(context, source);
        Dataset samples = data.Test.Count > 0 ? data.Test : data.Train;
        DataChecks.RequireSamples("attack", source, samples);
        if (!samples.SampleShape.Equals(shape))
        {
            throw new ToolException(ExitCode.BadInput, $"attack: clips of {source} do not fit the network (got "
                + $"{samples.SampleShape}, expected {shape}); set the number and size of frames with the options of "
                + "the data set");
        }

        DataChecks.RequireClasses(network, samples);
        int count = Math.Min(samples.Count, context.Get(AttackSettings.Limit) ?? DefaultLimit);
        DataChecks.RequireLabels(network, samples.Take(count), "test");
        (Tensor clips, Tensor labels) = samples.Read(0, count);
        return (clips, labels.ToArray<long>(), 25);
    }

    private static long[] Predictions(AttackTarget victim, Tensor clips) =>
        new VideoEvaluation(victim, clips, new long[clips.Shape[0]], TimeProvider.System).Predictions;

    private static int Tell(
        CommandContext context, string model, List<VideoRow> rows, IReadOnlyList<VideoDefense> defenses,
        JsonObject? check)
    {
        if (context.IsJson)
        {
            JsonResult.Write("attack", new JsonObject
            {
                ["model"] = model,
                ["data"] = Source(context),
                ["clips"] = rows[0].Forwards,
                ["flow"] = context.Get(VideoAttackSettings.Flow),
                ["gradients"] = context.Get(VideoAttackSettings.Gradients),
                ["seed"] = context.Get(AttackSettings.Seed),
                ["rows"] = new JsonArray([.. rows.Select(row => (JsonNode)VideoAttackFiles.Json(row))]),
                ["defenses"] = new JsonArray([.. defenses.Select(one => (JsonNode)new JsonObject
                {
                    ["name"] = one.Name, ["clean"] = JsonResult.Number(one.Clean),
                    ["attacked"] = JsonResult.Number(one.Attacked),
                })]),
                ["file"] = check,
                ["output"] = context.Get(AttackSettings.Output),
            });
        }
        else
        {
            VideoAttackText.Write(context, rows, defenses, check);
        }

        double min = context.Get(AttackSettings.FailBelow) ?? 0, accuracy = rows.Min(row => row.Top1);
        if (accuracy >= min)
        {
            return ExitCode.Success;
        }

        Terminal.Error($"accuracy under attack is below the threshold (got {accuracy:F4}, expected at least {min})");
        return ExitCode.ThresholdNotMet;
    }
}
