using Temper.Networks;
using Temper.Randomness;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>The shape of an agent's network.</summary>
public sealed record AgentNetwork
{
    private const int LargestGrid = 20;

    /// <summary>
    /// Channels of 3 x 3 convolutions before the layers, for observations <c>[C, H, W]</c> only; in pictures larger
    /// than 20 pixels 4 x 4 at stride 2.
    /// </summary>
    public IReadOnlyList<int> Convolutions { get; init; } = [];

    /// <summary>Widths of the hidden layers.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [64, 64];

    /// <summary>Whether hidden layers use tanh; else ReLU.</summary>
    public bool HasTanh { get; init; }

    /// <summary>Whether actor and critic share all layers but the last one.</summary>
    public bool IsShared { get; init; }

    /// <summary>
    /// Dueling network for Q-values: the state's value and the advantage of each action are computed separately
    /// (arXiv:1511.06581).
    /// </summary>
    public bool IsDueling { get; init; }

    /// <summary>
    /// The default for an environment: tanh layers for a few numbers, a convolution for grids and pictures.
    /// </summary>
    /// <param name="spec">The environment.</param>
    public static AgentNetwork For(EnvironmentSpec spec) => spec.ObservationShape.Rank < 3
        ? new AgentNetwork { HasTanh = true }
        : spec.ObservationShape[1] > LargestGrid
            ? new AgentNetwork { Convolutions = [16, 32], Hidden = [128], IsShared = true }
        : new AgentNetwork { Convolutions = [16], Hidden = [128], IsShared = true };

    /// <summary>All of it as one text.</summary>
    internal string Describe() =>
        $"conv {string.Join('-', Convolutions)} hidden {string.Join('-', Hidden)} {(HasTanh ? "tanh" : "relu")}"
        + $"{(IsShared ? " shared" : "")}{(IsDueling ? " dueling" : "")}";

    /// <summary>A network with a policy and a state's value.</summary>
    /// <param name="spec">The environment.</param>
    /// <param name="frames">Frames that the agent looks at together.</param>
    /// <param name="head">What the policy's outputs mean.</param>
    /// <param name="stream">Gives the weights: orthogonal, the policy's last layer small.</param>
    public Network ActorCritic(EnvironmentSpec spec, int frames, ActionHead head, RandomStream stream)
    {
        Network network = Network.Build([Input(spec, frames)], values =>
        {
            Value actor = Body(values[0], IsShared ? "body" : "actor");
            Value critic = IsShared ? actor : Body(values[0], "critic");
            return [("policy", actor.Linear(head.OutputsFor(spec.Actions), name: "policy")), ("value", critic.Linear(
                1, name: "value"))];
        });
        return Scaled(network.Initialize(stream, new Orthogonal()));
    }

    /// <summary>A network with the values of actions.</summary>
    /// <inheritdoc cref="ActorCritic"/>
    public Network ActionValues(EnvironmentSpec spec, int frames, RandomStream stream) =>
        Network.Build([Input(spec, frames)], values =>
    {
        Value body = Body(values[0], "body"), actions = body.Linear(spec.Actions.Count, name: "policy");
        return [("policy", IsDueling
            ? actions - actions.Mean([1], keepAxes: true) + body.Linear(1, name: "value")
            : actions)];
    }).Initialize(stream);

    private static InputSpec Input(EnvironmentSpec spec, int frames) => new()
    {
        SampleShape = Shape.Create([spec.ObservationShape[0] * frames, .. spec.ObservationShape.AsSpan()[1..]]),
        Minimum = spec.Minimum,
        Maximum = spec.Maximum,
    };

    private Value Body(Value x, string name) => x.Scope(name, x =>
    {
        bool isLarge = x.Shape.Rank == 4 && x.Shape[2] > LargestGrid;
        foreach (int channels in Convolutions)
        {
            x = x.Conv2d(channels, kernel: isLarge ? 4 : 3, stride: isLarge ? 2 : 1).Relu();
        }

        x = x.Shape.Rank > 2 ? x.Flatten() : x;
        foreach (int width in Hidden)
        {
            x = x.Linear(width);
            x = HasTanh ? x.Tanh() : x.Relu();
        }

        return x;
    });

    /// <summary>
    /// Gains as usual for policy gradients: sqrt 2 inside, 0.01 for the policy so that it begins even, 1 for the value.
    /// </summary>
    private static Network Scaled(Network network) =>
        network.WithParameters(network.Parameters.Select(parameter => parameter with
    {
        Value =
            parameter.Value.Rank == 1 ? Tensor.Zeros(parameter.Value.Shape) : parameter.Value * GainOf(parameter.Name),
    }));

    private static float GainOf(string name) =>
        name switch { "policy.weight" => 0.01f, "value.weight" => 1f, _ => MathF.Sqrt(2) };
}
