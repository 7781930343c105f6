using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Logs;

namespace Temper.Cli.Snooping;

/// <summary>Records a log while an agent plays.</summary>
internal static class LogRecording
{
    /// <summary>Records episodes until the number of steps is reached; the last episode may be cut.</summary>
    /// <param name="policy">Policy of the agent that plays.</param>
    /// <param name="environment">Name and options of the environment.</param>
    /// <param name="threat">Threat model: the parts of the traffic that are recorded.</param>
    /// <param name="steps">Number of steps to record.</param>
    /// <param name="seed">Seed of the first episode; incremented per episode.</param>
    /// <param name="cancel">Cancels the recording.</param>
    /// <returns>The log, and the number of episodes played.</returns>
    internal static (IStateLog Log, int Episodes) Of(
        Policy policy, (string Name, EnvironmentOptions Options) environment, ThreatModel threat, int steps, ulong seed,
        CancellationToken cancel)
    {
        IEnvironment Create() => policy.CreateEnvironment(environment.Name, environment.Options);
        var recorder = new SnoopRecorder(SnoopingSettings.StreamOf(policy, Create().Spec), threat, steps);
        int episodes = 0;
        for (; !recorder.IsFull; seed++)
        {
            episodes++;
            Play(policy, Create, recorder, seed, cancel);
        }

        return (recorder.ToLog(), episodes);
    }

    /// <summary>Plays one episode, until it ends or the log is full; some episodes never end.</summary>
    private static void Play(
        Policy policy, Func<IEnvironment> create, SnoopRecorder recorder, ulong seed, CancellationToken cancel)
    {
        using var full = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            EpisodePlayer.Play(policy, create, new PlayOptions
            {
                Episodes = 1, Seed = seed,
                Channels = new ObservationChannels { Frame = new RecordingChannel(recorder, full.Cancel) },
                Cancel = full.Token,
            });
        }
        catch (OperationCanceledException) when (recorder.IsFull && !cancel.IsCancellationRequested)
        {
            // The log is full.
        }
    }
}
