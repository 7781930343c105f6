using System.Globalization;
using Temper.Formats;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Snooping.Logs;
using Temper.Tensors;

namespace Temper.Snooping.Proxies;

/// <summary>A network whose gradients an attacker uses in place of the agent's.</summary>
public sealed record Proxy
{
    private const string Prefix = "temper.proxy.", HeldOut = "held-out",
        Make = "train one with temper rl snoop, or save one with Proxy.Save in code";

    /// <summary>The network. It takes a stack of frames, <c>[N, ...]</c>; only its first output is used.</summary>
    public required Network Network { get; init; }

    /// <summary>Name of the task that the network was trained for.</summary>
    public required string Task { get; init; }

    /// <summary>Meaning of the network's output.</summary>
    public required ProxyGoal Goal { get; init; }

    /// <summary>Format of the stream that the proxy was made for.</summary>
    public required StreamInfo Stream { get; init; }

    /// <summary>
    /// Threat model of the log that the proxy was trained on; null: the network was not trained on a log (an agent's
    /// own network, or another agent's).
    /// </summary>
    public ThreatModel? Threat { get; init; }

    /// <summary>Number of steps in the training log.</summary>
    public int Steps { get; init; }

    /// <summary>Name of the metric in <see cref="Fidelity"/>.</summary>
    public string FidelityName { get; init; } = "";

    /// <summary>Quality of the proxy on held-out steps of the log; NaN: unknown.</summary>
    public double Fidelity { get; init; } = double.NaN;

    /// <summary>
    /// Number of steps that <see cref="Fidelity"/> was measured on; 0: unknown, as for files that were written before
    /// this number existed.
    /// </summary>
    public int HeldOutSteps { get; init; }

    /// <summary>
    /// Number of episodes that the held-out steps are from; 0: the log has only one episode, and its last steps were
    /// held out. These are less independent of the training than other episodes.
    /// </summary>
    public int HeldOutEpisodes { get; init; }

    /// <summary>
    /// Wraps a network that was trained on other observations, such as an agent of another game, for use on a stream.
    /// Each axis of the observations is cropped or padded with zeros at its end; of stacked frames, the newest are
    /// kept. This adaptation is ours.
    /// </summary>
    /// <param name="network">
    /// The network; only its first output, <c>[N, K]</c>, is used, without a final softmax, whose gradients vanish.
    /// </param>
    /// <param name="task">Name of the proxy in reports.</param>
    /// <param name="stream">The stream that is attacked.</param>
    /// <exception cref="ArgumentException">The network's input has another number of axes than the stream.</exception>
    public static Proxy OfOtherObservations(Network network, string task, StreamInfo stream) => new()
    {
        Network = StreamAdapter.Adapt(
            (network.Outputs.Count > 1 ? network.WithOutputs(network.Outputs[0]) : network).WithoutFinalSoftmax(), task,
            stream),
        Task = task, Goal = ProxyGoal.Classes, Stream = stream,
    };

    /// <summary>Saves the proxy as one model file that every command accepts.</summary>
    /// <param name="path">A .safetensors file or a folder.</param>
    public void Save(string path)
    {
        var metadata = Network.Metadata.ToDictionary(StringComparer.Ordinal);
        metadata[Prefix + "task"] = Task;
        metadata[Prefix + "goal"] = $"{Goal}";
        if (Threat is { } threat)
        {
            metadata[Prefix + "threat"] = $"{threat}";
        }
        else
        {
            // The network may come from the file of another proxy.
            metadata.Remove(Prefix + "threat");
        }

        metadata[Prefix + "steps"] = Text(Steps);
        metadata[Prefix + "frame"] = string.Join(',', Stream.FrameShape);
        metadata[Prefix + "frames"] = Text(Stream.Frames);
        metadata[Prefix + "bounds"] = $"{Text(Stream.Minimum)},{Text(Stream.Maximum)}";
        metadata[Prefix + "actions"] = Text(Stream.Actions);
        metadata[Prefix + "source"] = Stream.Source;
        metadata[Prefix + "fidelity"] = $"{FidelityName}={Text(Fidelity)}";
        metadata[Prefix + HeldOut] = $"{Text(HeldOutSteps)},{Text(HeldOutEpisodes)}";
        ModelFile.Save(Network.WithMetadata(metadata), path);
    }

    /// <summary>Loads a proxy.</summary>
    /// <param name="path">A file or folder written by <see cref="Save"/>.</param>
    /// <exception cref="ModelFormatException">The file is damaged, or is not a proxy.</exception>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    public static Proxy Load(string path)
    {
        if ((File.Exists(path) || Directory.Exists(path)) && !ModelFile.HoldsGraph(path))
        {
            throw new ModelFormatException(
                path, "proxy: not a proxy (got tensors without a graph, as agents of other programs are stored); "
                    + Make);
        }

        Network network = ModelFile.Load(path);
        try
        {
            string[] bounds = Get("bounds").Split(','), fidelity = Get("fidelity").Split('=');
            int[] heldOut = network.Metadata.TryGetValue(Prefix + HeldOut, out string? counts)
                ? [.. counts.Split(',').Select(count => int.Parse(count, CultureInfo.InvariantCulture))]
                : [0, 0];
            var stream = new StreamInfo(
                Shape.Create([.. Get("frame").Split(',').Select(axis =>
                    int.Parse(axis, CultureInfo.InvariantCulture))]), Number("frames"),
                float.Parse(bounds[0], CultureInfo.InvariantCulture),
                float.Parse(bounds[1], CultureInfo.InvariantCulture), Number("actions"), Get("source"));
            return network.Inputs is [{ } input] && input.SampleShape.Equals(stream.StackShape)
                ? new Proxy
                {
                    Network = network, Task = Get("task"), Goal = GoalOf(Get("task"), Get("goal")), Stream = stream,
                    Threat = network.Metadata.TryGetValue(Prefix + "threat", out string? threat)
                        ? ThreatModels.Parse(threat)
                        : null,
                    Steps = Number("steps"), FidelityName = fidelity[0],
                    Fidelity = double.Parse(fidelity[1], CultureInfo.InvariantCulture),
                    HeldOutSteps = heldOut[0], HeldOutEpisodes = heldOut[1],
                }
                : throw new FormatException("the network's input is not the stream's stack of frames");
        }
        catch (Exception e) when (e is FormatException
            or ArgumentException or IndexOutOfRangeException or OverflowException or KeyNotFoundException)
        {
            throw new ModelFormatException(
                path, $"proxy: not a proxy, or its metadata is damaged ({e.Message}); {Make}", e);
        }

        string Get(string key) => network.Metadata.TryGetValue(Prefix + key, out string? value)
            ? value
            : throw new KeyNotFoundException($"'{Prefix}{key}' is missing");

        int Number(string key) => int.Parse(Get(key), CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Parses a goal. Files written before <see cref="ProxyGoal.Rewards"/> existed store <c>Classes</c> for reward
    /// predictors.
    /// </summary>
    private static ProxyGoal GoalOf(string task, string goal) => (task, Enum.Parse<ProxyGoal>(goal)) switch
    {
        (RewardPredictor.TaskName, ProxyGoal.Classes) => ProxyGoal.Rewards,
        (_, var parsed) => parsed,
    };

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
