using Temper.Reinforcement.Environments;

namespace Temper.ReinforcementSample;

/// <summary>
/// A custom environment: walk to the goal at the right end of a corridor; every step has a small cost.
/// </summary>
internal sealed class Corridor : IEnvironment
{
    private const int Length = 8;
    private readonly EnvironmentRandom _random = new();
    private int _index;

    public EnvironmentSpec Spec { get; } = new()
    {
        Name = "corridor", ObservationShape = [Length], Minimum = 0, Maximum = 1,
        Actions = ActionSpace.Discrete(2, ["left", "right"]), StepLimit = 50,
    };

    public void Reset(ulong seed, Span<float> observation)
    {
        _random.Reset(seed);
        _index = _random.Next(Length / 2);
        Show(observation);
    }

    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        _index = Math.Max(0, _index + (action.Index == 1 ? 1 : -1));
        Show(observation);
        bool isThere = _index == Length - 1;
        return new StepOutcome(isThere ? 1 : -0.01f, isThere);
    }

    private void Show(Span<float> observation)
    {
        if (!observation.IsEmpty)
        {
            observation.Clear();
            observation[_index] = 1;
        }
    }
}
