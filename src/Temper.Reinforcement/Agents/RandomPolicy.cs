using Temper.Networks;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Creates the random baseline: a network with zero weights. If its actions are sampled, all discrete actions are
/// equally likely.
/// </summary>
public static class RandomPolicy
{
    /// <summary>Creates a random policy for an environment.</summary>
    /// <param name="environment">The environment; frames are not stacked.</param>
    public static Policy For(IEnvironment environment)
    {
        EnvironmentSpec spec = environment.Spec;
        ActionHead head = spec.Actions.IsDiscrete ? ActionHead.Categorical : ActionHead.Gaussian;
        var input =
            new InputSpec { SampleShape = spec.ObservationShape, Minimum = spec.Minimum, Maximum = spec.Maximum };
        return new Policy
        {
            Network = Network.Build(
                [input], values => [("policy", values[0].Flatten().Linear(head.OutputsFor(spec.Actions)))]),
            Head = head, Source = "random actions",
        };
    }
}
