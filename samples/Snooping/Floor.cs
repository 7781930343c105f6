using Temper.Randomness;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Agents.Adversaries;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;

namespace Temper.SnoopingSample;

/// <summary>
/// An adversary that is trained against the agent, with the agent's network and its environment. No attack knows more,
/// so its result is the floor that other attacks are compared with.
/// </summary>
internal static class Floor
{
    /// <summary>Returns the agent's mean return against the trained adversary.</summary>
    internal static double Mean(
        Policy agent, Func<IEnvironment> create, StreamInfo stream, double epsilon, (long Steps, int Episodes) scale)
    {
        // The value output is not needed by an attacker.
        var proxy = new Proxy
        {
            Network = agent.Network.WithOutputs(agent.Network.Outputs[0]), Task = "agent", Goal = ProxyGoal.Classes,
            Stream = stream,
        };
        IEnvironment Task()
        {
            var attacker = new ObservationAttacker(
                GradientSign.Fgsm(epsilon) with { Steps = 3 }, [proxy], stream, RandomStream.FromSeed(4));
            return new AdversaryEnvironment(
                create(), agent, (frame, isFirst, action) => attacker.PerturbToward(0, frame, isFirst, action));
        }

        OnPolicyOptions options = OnPolicyOptions.Ppo(seed: 5) with { Steps = scale.Steps, LearningRate = 1e-3f };
        using AgentTrainer trainer = AgentPresets.Trainer(Task, options);
        Policy adversary = AgentRun.Run(trainer, Task, new AgentRunOptions
        {
            EvaluateEvery = scale.Steps, EvaluationEpisodes = 5,
        }).Best;
        return -EpisodePlayer.Play(adversary, Task, new PlayOptions { Episodes = scale.Episodes, Seed = 1_000 })
            .Average(episode => episode.Return);
    }
}
