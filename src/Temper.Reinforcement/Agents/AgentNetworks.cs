using Temper.Networks;
using Temper.Randomness;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>Architecture of an agent's network.</summary>
public sealed record AgentNetwork
{
    private const int LargestGrid = 20;

    /// <summary>
    /// Output channels of the convolutions that precede the hidden layers; used only for observations <c>[C, H, W]</c>.
    /// The kernels are 3 x 3 with stride 1, or 4 x 4 with stride 2 if the height is more than 20.
    /// </summary>
    public IReadOnlyList<int> Convolutions { get; init; } = [];

    /// <summary>Widths of the hidden layers.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [64, 64];

    /// <summary>True: hidden layers use tanh; false: ReLU.</summary>
    public bool HasTanh { get; init; }

    /// <summary>True: the actor and the critic share all layers except the output layers.</summary>
    public bool IsShared { get; init; }

    /// <summary>
    /// True: dueling network for Q-values, which computes the state value and the advantage of each action separately
    /// (arXiv:1511.06581).
    /// </summary>
    public bool IsDueling { get; init; }

    /// <summary>
    /// Returns the default architecture for an environment: tanh layers for vectors, convolutions for grids and images.
    /// </summary>
    /// <param name="spec">The environment's specification.</param>
    public static AgentNetwork For(EnvironmentSpec spec) => spec.ObservationShape.Rank < 3
        ? new AgentNetwork { HasTanh = true }
        : spec.ObservationShape[1] > LargestGrid
            ? new AgentNetwork { Convolutions = [16, 32], Hidden = [128], IsShared = true }
        : new AgentNetwork { Convolutions = [16], Hidden = [128], IsShared = true };

    /// <summary>Returns a text that identifies the architecture; part of the checkpoint's identity.</summary>
    internal string Describe() =>
        $"conv {string.Join('-', Convolutions)} hidden {string.Join('-', Hidden)} {(HasTanh ? "tanh" : "relu")}"
        + $"{(IsShared ? " shared" : "")}{(IsDueling ? " dueling" : "")}";

    /// <summary>Creates a network with two outputs, <c>policy</c> and <c>value</c>.</summary>
    /// <param name="spec">The environment's specification.</param>
    /// <param name="frames">Number of stacked frames in an observation.</param>
    /// <param name="head">Head that interprets the policy output.</param>
    /// <param name="stream">
    /// Random numbers for the initial weights: orthogonal, with small values in the policy's output layer.
    /// </param>
    /// <exception cref="ArgumentException">The shape of an observation has no axis or an empty one.</exception>
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

    /// <summary>Creates a network whose output is the action values (Q).</summary>
    /// <inheritdoc cref="ActorCritic"/>
    public Network ActionValues(EnvironmentSpec spec, int frames, RandomStream stream) =>
        Network.Build([Input(spec, frames)], values =>
    {
        Value body = Body(values[0], "body"), actions = body.Linear(spec.Actions.Count, name: "policy");
        return [("policy", IsDueling
            ? actions - actions.Mean([1], keepAxes: true) + body.Linear(1, name: "value")
            : actions)];
    }).Initialize(stream);

    private static InputSpec Input(EnvironmentSpec spec, int frames) =>
        spec.ObservationShape is { Rank: > 0, Count: > 0 } shape
        ? new InputSpec
        {
            SampleShape = Shape.Create([shape[0] * frames, .. shape.AsSpan()[1..]]),
            Minimum = spec.Minimum,
            Maximum = spec.Maximum,
        }
        : throw new ArgumentException($"environment {spec.Name}: an observation has no values on any axis (got shape "
            + $"{spec.ObservationShape}, expected [D] or [C, H, W]); use [1] for a single number");

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
    /// Scales the weights with the gains usual for policy gradients: sqrt 2 in hidden layers, 0.01 in the policy's
    /// output layer (so that all actions are about equally likely at first), and 1 in the value's output layer. Biases
    /// become 0.
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
