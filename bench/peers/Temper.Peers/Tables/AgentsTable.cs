using System.Diagnostics;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;

namespace Temper.Peers.Tables;

/// <summary>
/// Speed of environments and of training in steps per second: random steps on one core, without and with dense
/// observations, and PPO including its updates.
/// </summary>
internal static class AgentsTable
{
    private const double Seconds = 1;

    /// <summary>Published steps per second of JAX on a CPU with 10 environments (table of gymnax-blines).</summary>
    private static readonly Dictionary<string, string> Anchors = new(StringComparer.Ordinal)
    {
        ["cartpole"] = "2.3 M", ["brick-break"] = "0.415 M", ["treasure-dash"] = "0.182 M", ["road-cross"] = "0.038 M",
        ["alien-rows"] = "0.079 M",
    };

    private static readonly (string Name, AgentNetwork Network)[] Networks =
    [
        ("MLP 128", new AgentNetwork { Hidden = [128], IsShared = true }),
        ("conv 16@3x3 + FC 128", new AgentNetwork { Convolutions = [16], Hidden = [128], IsShared = true }),
    ];

    /// <param name="args"><c>games</c> or <c>ppo</c>; none: both.</param>
    internal static int Run(string[] args)
    {
        if (args.Length == 0 || args[0] is "games")
        {
            Games();
        }

        if (args.Length == 0 || args[0] is "ppo")
        {
            Training();
        }

        return 0;
    }

    private static void Games()
    {
        Console.WriteLine($"{"environment",-20} {"random steps/s",15} {"with observation",17} {"JAX on a CPU",13}");
        foreach (string name in EnvironmentCatalog.Names)
        {
            Console.WriteLine(
                $"{name,-20} {Speed(name, isDense: false) / 1e6,13:F1} M {Speed(name, isDense: true) / 1e6,15:F1} M "
                + $"{Anchors.GetValueOrDefault(name, ""),13}");
        }
    }

    private static double Speed(string name, bool isDense)
    {
        IEnvironment environment = EnvironmentCatalog.Create(name, new EnvironmentOptions { HasAllActions = true });
        float[] observation = isDense ? new float[environment.Spec.ObservationShape.Count] : [];
        var random = new EnvironmentRandom(1);
        Steps(environment, observation, random, 20_000);
        double best = 0;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < Seconds;)
        {
            const int Count = 100_000;
            long begin = Stopwatch.GetTimestamp();
            Steps(environment, observation, random, Count);
            best = Math.Max(best, Count / Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }

        return best;
    }

    private static void Steps(IEnvironment environment, float[] observation, EnvironmentRandom random, int count)
    {
        ActionSpace space = environment.Spec.Actions;
        Span<float> values = stackalloc float[1];
        ulong seed = 1;
        environment.Reset(seed, observation);
        for (int i = 0; i < count; i++)
        {
            StepOutcome outcome;
            if (space.IsDiscrete)
            {
                outcome = environment.Step(random.Next(space.Count), observation);
            }
            else
            {
                values[0] = random.NextSingle();
                outcome = environment.Step(new AgentAction(values), observation);
            }

            if (outcome.IsTerminated)
            {
                environment.Reset(++seed, observation);
            }
        }
    }

    private static void Training()
    {
        Console.WriteLine(
            $"{"PPO in brick-break",-24} {"steps/s",10}   64 environments x 128 steps, 4 passes, 8 minibatches");
        foreach ((string name, AgentNetwork network) in Networks)
        {
            Func<IEnvironment> create = () => EnvironmentCatalog.Create("brick-break");
            AgentTrainingOptions options = AgentPresets.For("ppo", create().Spec, 1) with { Network = network };
            using AgentTrainer trainer = AgentPresets.Trainer(create, options);
            trainer.Update();
            double best = 0;
            for (int i = 0; i < 5; i++)
            {
                (long before, long begin) = (trainer.Steps, Stopwatch.GetTimestamp());
                trainer.Update();
                best = Math.Max(best, (trainer.Steps - before) / Stopwatch.GetElapsedTime(begin).TotalSeconds);
            }

            Console.WriteLine($"{name,-24} {best,10:N0}");
        }
    }
}
