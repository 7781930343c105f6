using Temper.Snooping.Logs;
using Temper.Training;

namespace Temper.Snooping.Proxies;

/// <summary>
/// A task that needs similar features to the agent's own task and can be trained on recorded signals: predicting the
/// agent's action, the value of a state, or the next observation (the idea is from arXiv:1905.11832; the losses are our
/// formulation).
/// </summary>
public abstract record RelatedTask
{
    private protected RelatedTask()
    {
    }

    /// <summary>Name of the task on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>The weakest threat model whose signals suffice to train on this task.</summary>
    public abstract ThreatModel Needs { get; }

    /// <summary>Meaning of the proxy's output.</summary>
    public abstract ProxyGoal Goal { get; }

    /// <summary>The loss to minimize.</summary>
    internal virtual TrainingLoss Loss => new CrossEntropyLoss();

    /// <summary>Trains a proxy on a log whose type is not known at compile time.</summary>
    /// <param name="log">The recorded log.</param>
    /// <param name="options">Training options.</param>
    /// <param name="cancel">Cancels the training.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range, or the log lacks signals that the task needs, has no steps, is too short, or contains
    /// nothing to learn.
    /// </exception>
    public Proxy TrainOn(IStateLog log, ProxyOptions options, CancellationToken cancel = default) =>
        ProxyTrainer.Train(this, log, options, cancel);

    /// <summary>Creates the supervised task from a log.</summary>
    /// <exception cref="ArgumentException">The log lacks signals that the task needs, or is too short.</exception>
    internal abstract ProxyData Prepare(IStateLog log);

    private protected ArgumentException Refused(string why) => new($"{Name}: {why}");
}

/// <summary>
/// A task for logs of one type, so that a task that needs actions cannot be given a log without them.
/// </summary>
/// <typeparam name="TLog">Type of log that the task needs.</typeparam>
public abstract record RelatedTask<TLog> : RelatedTask
    where TLog : class, IStateLog
{
    private protected RelatedTask()
    {
    }

    /// <summary>Trains a proxy.</summary>
    /// <param name="log">The recorded log.</param>
    /// <param name="options">Training options.</param>
    /// <param name="cancel">Cancels the training.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range, or the log has no steps, is too short, or contains nothing to learn.
    /// </exception>
    public Proxy Train(TLog log, ProxyOptions options, CancellationToken cancel = default) =>
        ProxyTrainer.Train(this, log, options, cancel);

    internal sealed override ProxyData Prepare(IStateLog log) => log is not TLog typed
        ? throw Refused($"needs {Needs.Describe()}, but the log was recorded under {log.Threat} "
            + $"({log.Threat.Describe()}); record under threat model {Needs}")
        : typed.Count > 0
            ? Data(typed)
            : throw Refused("the log has no steps (got 0, expected 2 or more); record more");

    /// <summary>Creates the supervised task from a log of at least one step.</summary>
    private protected abstract ProxyData Data(TLog log);
}
