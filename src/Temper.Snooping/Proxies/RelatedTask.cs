using Temper.Snooping.Logs;
using Temper.Training;

namespace Temper.Snooping.Proxies;

/// <summary>
/// A task that needs the same features as the agent's and that an eavesdropper can train from what it heard: what the
/// agent will do, what a state is worth, what comes next (arXiv:1905.11832 names the idea; the losses are our
/// formulation).
/// </summary>
public abstract record RelatedTask
{
    private protected RelatedTask()
    {
    }

    /// <summary>Its name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>The weakest threat model that it can be trained under.</summary>
    public abstract ThreatModel Needs { get; }

    /// <summary>What the proxy's output means.</summary>
    public abstract ProxyGoal Goal { get; }

    /// <summary>The loss to minimize.</summary>
    internal virtual TrainingLoss Loss => new CrossEntropyLoss();

    /// <summary>Trains a proxy on a log whose type is not known before it is read.</summary>
    /// <param name="log">What was heard.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="ArgumentException">
    /// The log does not show what the task needs, is too short, or nothing can be learned from it.
    /// </exception>
    public Proxy TrainOn(IStateLog log, ProxyOptions options, CancellationToken cancel = default) =>
        ProxyTrainer.Train(this, log, options, cancel);

    /// <summary>The supervised task of a log.</summary>
    /// <exception cref="ArgumentException">The log does not show what the task needs, or too little of it.</exception>
    internal abstract ProxyData Prepare(IStateLog log);

    private protected ArgumentException Refused(string why) => new($"{Name}: {why}");
}

/// <summary>A task for logs of one type: one that needs actions cannot be given a log without them.</summary>
/// <typeparam name="TLog">What the log must show.</typeparam>
public abstract record RelatedTask<TLog> : RelatedTask
    where TLog : class, IStateLog
{
    private protected RelatedTask()
    {
    }

    /// <summary>Trains a proxy.</summary>
    /// <param name="log">What was heard.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="ArgumentException">The log is too short, or nothing can be learned from it.</exception>
    public Proxy Train(TLog log, ProxyOptions options, CancellationToken cancel = default) =>
        ProxyTrainer.Train(this, log, options, cancel);

    internal sealed override ProxyData Prepare(IStateLog log) => log is TLog typed
        ? Data(typed)
        : throw Refused($"needs {Needs.Describe()}, but the log was recorded under {log.Threat} "
            + $"({log.Threat.Describe()}); record with --threat {Needs.ToString().ToLowerInvariant()}");

    private protected abstract ProxyData Data(TLog log);
}
