using Temper.Randomness;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;

namespace Temper.SnoopingSample;

/// <summary>
/// Trains an agent, records its observations and actions, trains a proxy on the recording alone, and attacks the agent
/// with it. <c>--tiny</c> runs in seconds.
/// </summary>
internal static class Program
{
    private const double Epsilon = 0.1;

    private static void Main(string[] arguments)
    {
        bool isTiny = arguments.Contains("--tiny", StringComparer.Ordinal);
        Func<IEnvironment> create = () => EnvironmentCatalog.Create("brick-break", new EnvironmentOptions());
        EnvironmentSpec spec = create().Spec;
        AgentTrainingOptions options = AgentPresets.For("ppo", spec, seed: 1) with { Steps = isTiny ? 8_192 : 800_000 };
        using AgentTrainer trainer = AgentPresets.Trainer(create, options);
        Policy agent = AgentRun.Run(trainer, create, new AgentRunOptions
        {
            EvaluateEvery = options.Steps / 2, EvaluationEpisodes = 2,
        }).Best;

        // Records under the threat model SA: observations and actions, no rewards. Episodes are played one at a time,
        // because the steps of a log must be consecutive.
        var stream = new StreamInfo(
            spec.ObservationShape, Frames: 1, spec.Minimum, spec.Maximum, spec.Actions.Count, spec.Name);
        SnoopRecorder<IActionLog> recorder = SnoopRecorder.ForActions(stream, capacity: isTiny ? 400 : 10_000);
        for (ulong seed = 0; !recorder.IsFull; seed++)
        {
            Play(agent, create, new PlayOptions
            {
                Episodes = 1, Seed = seed, IsSampled = true,
                Channels = new ObservationChannels { Frame = new Ear(recorder) },
            });
        }

        // Trains an imitation of the agent on the log alone, without queries to the agent or the environment.
        Proxy proxy = new ActionImitator().Train(
            recorder.ToLog(), new ProxyOptions { Seed = 2, Epochs = isTiny ? 1 : 10 });
        Console.WriteLine($"proxy: {proxy.FidelityName} {proxy.Fidelity:F2} on {proxy.HeldOutSteps} held-out steps");

        // Baselines first: the result of the attack is only meaningful in comparison.
        Console.WriteLine($"clean play: {Mean(new RandomSign { Epsilon = 0 }, []):F2}");
        Console.WriteLine($"random sign noise of {Epsilon}: {Mean(new RandomSign { Epsilon = Epsilon }, []):F2}");
        Console.WriteLine($"action imitator, FGSM of {Epsilon}: {Mean(GradientSign.Fgsm(Epsilon), [proxy]):F2}");
        double floor = Floor.Mean(agent, create, stream, Epsilon, isTiny ? (1_024, 2) : (200_000, 50));
        Console.WriteLine($"trained adversary: {floor:F2}");

        double Mean(ObservationAttack attack, IReadOnlyList<Proxy> proxies)
        {
            var attacker = new ObservationAttacker(attack, proxies, stream, RandomStream.FromSeed(3));
            return Play(agent, create, new PlayOptions
            {
                Episodes = isTiny ? 2 : 50, Seed = 1_000,
                Channels = new ObservationChannels { Frame = new Attacker(attacker) },
            }).Average(episode => episode.Return);
        }
    }

    private static IReadOnlyList<PlayedEpisode> Play(Policy agent, Func<IEnvironment> create, PlayOptions options) =>
        EpisodePlayer.Play(agent, create, options);
}
