using Temper.Kernels;
using Temper.Networks;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Tests.Agents;

/// <summary>Training in environments that fail or return invalid values.</summary>
public sealed class BrokenEnvironmentTests
{
    [Fact]
    public void A_reward_that_is_not_finite_is_refused_and_the_checkpoint_stays()
    {
        using var folder = new TemporaryFolder();
        AgentTrainingOptions options = TrainerTests.Rows["a2c"].Options;
        using var trainer = AgentPresets.Trainer(() => new BrokenEnvironment(BreakAt: 30, isThrown: false), options);
        var error = Assert.Throws<InvalidDataException>(() => AgentRun.Run(
            trainer, () => new BrokenEnvironment(int.MaxValue, isThrown: false), new AgentRunOptions { Checkpoints = folder["c"], EvaluateEvery = 80, EvaluationEpisodes = 1 }));
        Assert.Contains("not finite", error.Message, StringComparison.Ordinal);
        using var again = AgentPresets.Trainer(() => new BrokenEnvironment(int.MaxValue, isThrown: false), options);
        again.Resume(folder["c"]);
        Assert.True(again.Steps > 0);
    }

    [Fact]
    public void An_observation_that_is_not_finite_is_refused_at_the_reset_and_at_a_step()
    {
        AgentTrainingOptions options = TrainerTests.Rows["a2c"].Options;
        Assert.Contains("got NaN at index 0 after 0 steps", Assert.Throws<InvalidDataException>(
            () => AgentPresets.Trainer(() => new BrokenEnvironment(int.MaxValue, isThrown: false) { Drift = float.NaN }, options)).Message, StringComparison.Ordinal);
        using var trainer = AgentPresets.Trainer(() => new BrokenEnvironment(BreakAt: 7, isThrown: false) { Broken = float.PositiveInfinity }, options);
        Assert.Contains("got Infinity at index 3 after 7 steps", Assert.Throws<InvalidDataException>(() =>
        {
            trainer.Update();
            trainer.Update();
        }).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a2c")]
    [InlineData("dqn")]
    public void Observations_without_an_axis_are_refused_when_the_trainer_is_created(string row)
    {
        var spec = new EnvironmentSpec { Name = "broken", ObservationShape = [], Actions = ActionSpace.Discrete(2) };
        Assert.Contains("got shape [], expected [D]", Assert.Throws<ArgumentException>(
            () => AgentPresets.Trainer(() => new BrokenEnvironment(int.MaxValue, isThrown: false) { Spec = spec }, TrainerTests.Rows[row].Options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_environment_that_throws_is_told_as_it_is()
    {
        AgentTrainingOptions options = TrainerTests.Rows["a2c"].Options;
        using var trainer = AgentPresets.Trainer(() => new BrokenEnvironment(BreakAt: 7, isThrown: true), options);
        Assert.Contains("the simulator is gone", Assert.Throws<IOException>(() =>
        {
            trainer.Update();
            trainer.Update();
        }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_environment_that_does_not_repeat_itself_is_found_out()
    {
        using var folder = new TemporaryFolder();
        AgentTrainingOptions options = TrainerTests.Rows["a2c"].Options;
        int made = 0;
        using var trainer = AgentPresets.Trainer(() => new BrokenEnvironment(int.MaxValue, isThrown: false) { Drift = made++ }, options);
        trainer.Update();
        trainer.Save(folder["c"]);
        using var again = AgentPresets.Trainer(() => new BrokenEnvironment(int.MaxValue, isThrown: false) { Drift = made++ }, options);
        Assert.Contains("cannot be resumed", Assert.Throws<InvalidDataException>(() => again.Resume(folder["c"])).Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// Counts its steps; from step <c>BreakAt</c> on it throws, or returns <c>Broken</c> in the observation, or a NaN
    /// reward.
    /// </summary>
    private sealed class BrokenEnvironment(int BreakAt, bool isThrown) : IEnvironment
    {
        private int _steps;

        internal float Drift { get; init; }

        internal float? Broken { get; init; }

        public EnvironmentSpec Spec { get; init; } = new() { Name = "broken", ObservationShape = Shape.Create([4]), Actions = ActionSpace.Discrete(2), StepLimit = 20 };

        public void Reset(ulong seed, Span<float> observation) => observation.Fill(Drift);

        public StepOutcome Step(AgentAction action, Span<float> observation)
        {
            observation.Fill(Drift + action.Index);
            bool isBroken = ++_steps >= BreakAt;
            if (isBroken && Broken is { } value)
            {
                observation[^1] = value;
                return new StepOutcome(1, IsTerminated: false);
            }

            return isBroken && isThrown ? throw new IOException("the simulator is gone") : new StepOutcome(isBroken ? float.NaN : 1, IsTerminated: false);
        }
    }
}
