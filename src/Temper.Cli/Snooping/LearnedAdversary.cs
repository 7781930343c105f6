using Temper.Randomness;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Agents.Adversaries;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Proxies;

namespace Temper.Cli.Snooping;

/// <summary>Episodes of a victim against a learned adversary.</summary>
/// <param name="Returns">The victim's return in each episode.</param>
/// <param name="Frames">Number of frames that the victim received.</param>
/// <param name="Attacked">Number of frames that the adversary changed.</param>
internal sealed record AdversaryPlay(IReadOnlyList<double> Returns, long Frames, long Attacked);

/// <summary>
/// Trains an adversary with PPO against one victim, with full access to the victim and its environment, and plays it.
/// No attack in a report knows more, so its row is the floor that the other attacks are compared with.
/// </summary>
/// <param name="run">The options of the report.</param>
/// <param name="victim">The victim.</param>
/// <param name="proxy">The victim's own network.</param>
internal sealed class LearnedAdversary(SnoopingRunOptions run, Policy victim, Proxy proxy)
{
    /// <summary>Gradient steps toward the action that the adversary wants.</summary>
    private const int GradientSteps = 3;

    private const int Evaluations = 2, EvaluationEpisodes = 5;

    /// <summary>Trains the adversary and plays the victim against it in the episodes of the report.</summary>
    /// <param name="epsilon">Largest change of each value.</param>
    /// <param name="steps">Environment steps of the training.</param>
    /// <exception cref="OperationCanceledException">The training was canceled.</exception>
    internal AdversaryPlay Play(double epsilon, long steps)
    {
        GradientSign attack = GradientSign.Fgsm(epsilon) with
        {
            Steps = GradientSteps, Mode = run.Mode, Precision = run.Precision,
        };
        IEnvironment Create() => Environment(attack, _ => { });
        using AgentTrainer trainer = AgentPresets.Trainer(Create, Training(steps));
        AgentRunResult trained = AgentRun.Run(trainer, Create, new AgentRunOptions
        {
            EvaluateEvery = Math.Max(1, steps / Evaluations), EvaluationEpisodes = EvaluationEpisodes,
            EvaluationSeed = Seed("evaluation"), Cancel = run.Cancel,
        });
        run.Cancel.ThrowIfCancellationRequested();
        var attackers = new List<ObservationAttacker>();
        IReadOnlyList<PlayedEpisode> episodes = EpisodePlayer.Play(
            trained.Best, () => Environment(attack, attackers.Add), new PlayOptions
        {
            Episodes = run.Episodes, Seed = run.Seed, Cancel = run.Cancel,
        });
        return new AdversaryPlay(
            [.. episodes.Select(episode => 0 - episode.Return)], attackers.Sum(attacker => attacker.Frames),
            attackers.Sum(attacker => attacker.Attacked));
    }

    private OnPolicyOptions Training(long steps) => OnPolicyOptions.Ppo(Seed("training")) with
    {
        Steps = steps, Environments = 16, Minibatches = 8, LearningRate = 1e-3f,
    };

    private AdversaryEnvironment Environment(GradientSign attack, Action<ObservationAttacker> created)
    {
        var attacker =
            new ObservationAttacker(attack, [proxy], proxy.Stream, RandomStream.FromSeed(run.Seed).Split("adversary"));
        created(attacker);
        return new AdversaryEnvironment(
            victim.CreateEnvironment(run.Environment, run.EnvironmentOptions), victim,
            (observation, isFirst, action) => attacker.PerturbToward(0, observation, isFirst, action),
            changesStack: run.Mode == StackMode.WholeStack);
    }

    /// <summary>Seeds that the report's episodes do not use.</summary>
    private ulong Seed(string purpose) => VectorEnvironment.SeedOf(
        RandomStream.FromSeed(run.Seed).Split("learned adversary").Split(purpose), episode: 0);
}
