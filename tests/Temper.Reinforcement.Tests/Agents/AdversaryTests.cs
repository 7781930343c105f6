using Temper.Networks;
using Temper.Randomness;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Agents.Adversaries;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Tests.Agents;

/// <summary>
/// An adversary against a victim that presses action 1 when the last observed value is above 0.25, in a game whose
/// returns are known.
/// </summary>
public sealed class AdversaryTests
{
    private const int Button = 3;

    /// <summary>
    /// Clean, the victim takes action 0 at the fork: no reward, then 5 steps with reward 1. Misled to action 1 it gets
    /// 1, then nothing. So the smallest return is 1, and an adversary that minimizes the next reward alone leaves 5.
    /// </summary>
    [Fact]
    public void A_trained_adversary_gives_up_a_step_for_the_rest_of_the_episode()
    {
        static IEnvironment Create() => new AdversaryEnvironment(new Fork(), Victim(), Press);
        OnPolicyOptions options = OnPolicyOptions.Ppo(1) with { Steps = 4_096, Environments = 8, Horizon = 32, LearningRate = 5e-3f };
        using AgentTrainer trainer = AgentPresets.Trainer(Create, options);
        Policy adversary = AgentRun.Run(trainer, Create, new AgentRunOptions { EvaluationEpisodes = 1 }).Best;
        Assert.Equal(-1, EpisodePlayer.Play(adversary, Create, new PlayOptions { Episodes = 1 })[0].Return);
        Assert.Equal(5, EpisodePlayer.Play(Victim(), () => new Fork(), new PlayOptions { Episodes = 1 })[0].Return);
    }

    [Fact]
    public void The_victim_acts_on_the_perturbed_frame_and_the_adversary_sees_the_clean_one()
    {
        using var environment = new AdversaryEnvironment(new Fork(), Victim(), Press);
        float[] seen = new float[4];
        environment.Reset(1, seen);
        Assert.Equal([1f, 0, 0, 0], seen);
        Assert.Equal(-1, environment.Step(1, seen).Reward);
        Assert.Equal([0f, 0, 1, 0], seen);
        environment.Reset(1, seen);
        Assert.Equal(0, environment.Step(0, seen).Reward);
        Assert.Equal([0f, 1, 0, 0], seen);
    }

    /// <summary>
    /// The victim's stack of two frames: the first frame fills it as received; later the older frame stays as received.
    /// With the whole stack perturbed, both frames are clean before each perturbation.
    /// </summary>
    [Theory]
    [InlineData(false, "first 0; next 0")]
    [InlineData(true, "first 0 0; next 0 0")]
    public void The_stack_keeps_what_was_received(bool isWhole, string expected)
    {
        List<string> given = [];
        using var environment = new AdversaryEnvironment(new Fork(), Victim(frames: 2), (observation, isFirst, _) =>
        {
            float[] buttons = [.. Enumerable.Range(0, observation.Length / 4).Select(frame => 0f)];
            for (int frame = 0; frame < buttons.Length; frame++)
            {
                buttons[frame] = observation[(frame * 4) + Button];
                observation[(frame * 4) + Button] = isFirst ? 1 : 0;
            }

            given.Add($"{(isFirst ? "first" : "next")} {string.Join(' ', buttons)}");
        }, isWhole);
        Assert.Equal(Shape.Create(8), environment.Spec.ObservationShape);
        float[] seen = new float[8];
        environment.Reset(1, seen);
        Assert.Equal(-1, environment.Step(0, seen).Reward);          // pressed in the first frame, which fills the stack
        Assert.Equal([1f, 0, 0, 0, 0, 0, 1, 0], seen);               // clean frames
        environment.Step(0, seen);
        Assert.Equal(expected, string.Join("; ", given));
    }

    [Fact]
    public void A_victim_with_continuous_actions_is_refused()
    {
        IEnvironment pendulum = EnvironmentCatalog.Create("pendulum");
        Assert.Contains("discrete", Assert.Throws<ArgumentException>(() => new AdversaryEnvironment(pendulum, RandomPolicy.For(pendulum), Press)).Message, StringComparison.Ordinal);
    }

    private static void Press(Span<float> observation, bool isFirst, int action) => observation[Button] = action;

    /// <summary>Logits 0.5 and twice the sum of the frames' last values.</summary>
    private static Policy Victim(int frames = 1)
    {
        Network network = Network.Build(new InputSpec { SampleShape = [4 * frames] }, x => x.Linear(2, name: "fc")).Initialize(RandomStream.FromSeed(1));
        float[] weights = new float[8 * frames];
        for (int frame = 0; frame < frames; frame++)
        {
            weights[(4 * frames) + (frame * 4) + Button] = 2;
        }

        return new Policy
        {
            Network = network.WithParameters(
            [
                network.Parameters["fc.weight"] with { Value = Tensor.From(weights, [2, 4 * frames]) },
                network.Parameters["fc.bias"] with { Value = Tensor.From([0.5f, 0f], [2]) },
            ]),
            Head = ActionHead.Values,
        };
    }

    /// <summary>Six steps; see above. The observation is the state, one-hot, and a button that is never pressed.</summary>
    private sealed class Fork : IEnvironment
    {
        private int _state, _steps;

        public EnvironmentSpec Spec { get; } = new() { Name = "fork", ObservationShape = [4], Actions = ActionSpace.Discrete(2) };

        public void Reset(ulong seed, Span<float> observation)
        {
            (_state, _steps) = (0, 0);
            Show(observation);
        }

        public StepOutcome Step(AgentAction action, Span<float> observation)
        {
            float reward = _state == 0 ? action.Index : 2 - _state;
            _state = _state == 0 ? 1 + action.Index : _state;
            Show(observation);
            return new StepOutcome(reward, IsTerminated: ++_steps == 6);
        }

        private void Show(Span<float> observation)
        {
            observation.Clear();
            observation[_state] = 1;
        }
    }
}
