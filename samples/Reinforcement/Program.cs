using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;

namespace Temper.ReinforcementSample;

/// <summary>Trains PPO in an environment of one's own, then lets it play. <c>--tiny</c> does it in seconds.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        bool isTiny = arguments.Contains("--tiny", StringComparer.Ordinal);
        Func<IEnvironment> create = () => new Corridor();
        OnPolicyOptions options = OnPolicyOptions.Ppo(seed: 1) with { Steps = isTiny ? 8_192 : 50_000, LearningRate = 1e-3f };
        using AgentTrainer trainer = AgentPresets.Trainer(create, options);
        AgentRunResult result = AgentRun.Run(trainer, create, options.Steps, new AgentRunOptions
        {
            Progress = (point, _) => Console.WriteLine($"step {point.Steps,6}: {point.Trained:F2} while training, {point.Evaluated:F2} with the best actions"),
        });

        ReturnStatistics score = ReturnStatistics.Of(
            [.. EpisodePlayer.Play(result.Best, create, new PlayOptions { Episodes = 20, Seed = 2 }).Select(episode => episode.Return)]);
        Console.WriteLine($"mean return {score.Mean:F2} in fresh episodes");
        return 0;
    }
}
