using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Tests.Environments;

public sealed class ContinuousActionTests
{
    [Fact]
    public void An_environment_gets_only_actions_of_its_space()
    {
        var received = new List<float>();
        EpisodePlayer.Play(RandomPolicy.For(new Arm([])), () => new Arm(received), new PlayOptions { Episodes = 1, IsSampled = true });
        Assert.Equal(50, received.Count);
        Assert.All(received, value => Assert.InRange(value, -0.1f, 0.1f));
        Assert.Contains(0.1f, received);
    }

    private sealed class Arm(List<float> received) : IEnvironment
    {
        public EnvironmentSpec Spec { get; } =
            new() { Name = "arm", ObservationShape = [1], Actions = ActionSpace.Continuous(1, -0.1f, 0.1f), StepLimit = 50 };

        public void Reset(ulong seed, Span<float> observation) => observation.Clear();

        public StepOutcome Step(AgentAction action, Span<float> observation)
        {
            received.Add(action.Values[0]);
            return new StepOutcome(0, IsTerminated: false);
        }
    }
}
