using System.Globalization;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Snooping.Logs;
using Temper.Training;

namespace Temper.Snooping.Proxies;

/// <summary>
/// Trains a proxy offline on a supervised task made from the log, and measures it on held-out episodes, or on the end
/// of the only episode.
/// </summary>
internal static class ProxyTrainer
{
    internal static Proxy Train(RelatedTask task, IStateLog log, ProxyOptions options, CancellationToken cancel)
    {
        options.Validate();
        ProxyData data = task.Prepare(log);
        RandomStream random = RandomStream.FromSeed(options.Seed).Split(task.Name);
        (int[] train, int[] heldOut, int episodes) = Split(data, options.HeldOut, random.Split("held out"));
        Network network = ProxyNetworks.Create(options.Architecture, log.Stream, data.Outputs, random.Split("weights"));
        network = task is OfflineQ q
            ? FittedQ(q, log, network, train, heldOut, options, cancel)
            : Fit(task, data, network, train, heldOut, options, options.Epochs, cancel);
        (string name, double fidelity) = ProxyFidelity.Measure(task.Goal, data, network, heldOut);
        return new Proxy
        {
            Network = network, Task = task.Name, Goal = task.Goal, Stream = log.Stream, Threat = log.Threat,
            Steps = log.Count, FidelityName = name, Fidelity = fidelity, HeldOutSteps = heldOut.Length,
            HeldOutEpisodes = episodes,
        };
    }

    private static Network Fit(
        RelatedTask task, ProxyData data, Network network, int[] train, int[] heldOut, ProxyOptions options, int epochs,
        CancellationToken cancel) =>
        Trainer.Fit(network, data.Part("log", train), data.Part("held-out steps", heldOut), new TrainingOptions
        {
            Seed = options.Seed, Epochs = epochs, BatchSize = Math.Min(options.BatchSize, train.Length),
            Loss = task.Loss,
            Optimizer = new Adam { LearningRate = options.LearningRate },
        }, cancel).Network;

    /// <summary>Each iteration computes targets with the previous network and then trains on them.</summary>
    private static Network FittedQ(
        OfflineQ task, IStateLog log, Network network, int[] train, int[] heldOut, ProxyOptions options,
        CancellationToken cancel)
    {
        for (int iteration = 0; iteration < options.QIterations; iteration++)
        {
            OfflineQ next = task with { Target = iteration == 0 ? null : network };
            network = Fit(
                next, next.Prepare(log), network, train, heldOut, options,
                Math.Max(1, options.Epochs / options.QIterations), cancel);
        }

        return network;
    }

    /// <summary>
    /// Holds out whole episodes, because neighboring steps of an episode are similar. If there is only one episode, its
    /// end is held out, and the number of held-out episodes is 0.
    /// </summary>
    private static (int[] Train, int[] HeldOut, int Episodes) Split(ProxyData data, double share, RandomStream random)
    {
        IReadOnlyList<Range> episodes = FrameHistory.Episodes(data.Log);
        if (episodes.Count == 1)
        {
            int rest = Math.Max(1, (int)(data.Steps.Length * share));
            return data.Steps.Length > 1
                ? (data.Steps[..^rest], data.Steps[^rest..], 0)
                : throw new ArgumentException("proxy: the log needs two usable steps or more; record more");
        }

        int count = Math.Clamp((int)Math.Round(episodes.Count * share), 1, episodes.Count - 1);
        bool[] isHeldOut = new bool[data.Log.Count];
        foreach (int episode in random.Permutation(episodes.Count)[..count])
        {
            isHeldOut.AsSpan(episodes[episode]).Fill(true);
        }

        int[] train = [.. data.Steps.Where(step => !isHeldOut[step])],
            heldOut = [.. data.Steps.Where(step => isHeldOut[step])];
        return train.Length > 0 && heldOut.Length > 0
            ? (train, heldOut, count)
            : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"proxy: too few episodes with usable steps (got {episodes.Count} episodes, {data.Steps.Length} usable "
                + $"steps); record more"));
    }
}
