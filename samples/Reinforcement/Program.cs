using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;

namespace Temper.ReinforcementSample;

/// <summary>
/// Trains PPO in a custom environment and evaluates the best policy in new episodes. <c>--tiny</c> runs in seconds.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        bool isTiny = arguments.Contains("--tiny", StringComparer.Ordinal);
        Func<IEnvironment> create = () => new Corridor();
        OnPolicyOptions options = OnPolicyOptions.Ppo(seed: 1) with
        {
            Steps = isTiny ? 8_192 : 50_000, LearningRate = 1e-3f,
        };
        using AgentTrainer trainer = AgentPresets.Trainer(create, options);
        AgentRunResult result = AgentRun.Run(trainer, create, new AgentRunOptions
        {
            Progress = (point, _) => Console.WriteLine(
                $"step {point.Steps,6}: return {point.Trained:F2} in training, "
                + $"{point.Evaluated:F2} with greedy actions"),
        });

        ReturnStatistics score = ReturnStatistics.Of(
            [
                .. EpisodePlayer.Play(result.Best, create, new PlayOptions { Episodes = 20, Seed = 2 })
                    .Select(episode => episode.Return),
            ]);
        Console.WriteLine($"mean return {score.Mean:F2} in fresh episodes");
        return 0;
    }
}
