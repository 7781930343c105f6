using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Logs;

namespace Temper.Cli.Snooping;

/// <summary>Lets an agent play while an eavesdropper records.</summary>
internal static class LogRecording
{
    /// <summary>Records whole episodes, the last one as far as there is room.</summary>
    /// <param name="policy">Plays.</param>
    /// <param name="environment">Name and options of the environment.</param>
    /// <param name="threat">What is heard.</param>
    /// <param name="steps">Steps to keep.</param>
    /// <param name="seed">Of the first episode.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>The log, and how many episodes were played.</returns>
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

    /// <summary>Plays one episode, or as much of it as there is room for: some episodes have no end.</summary>
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
            // All steps are there.
        }
    }
}
