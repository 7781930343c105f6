using Temper.Networks;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// Interval bound propagation (arXiv:1810.12715, eqs. 6 and 7): each value of a network as center c and radius r of a
/// box that holds it for every input in a box. Differentiable by the parameters. Layers that agents have: linear,
/// convolution, ReLU, tanh, flatten.
/// </summary>
internal static class IntervalPropagation
{
    /// <summary>Bounds on the policy's logits for all observations within epsilon of some.</summary>
    /// <param name="training">Gives the network and the bounds of observations.</param>
    /// <param name="observations"><c>[B, ...]</c>.</param>
    /// <param name="epsilon">Largest change of a number.</param>
    /// <returns>Lowest and highest logits, <c>[B, A]</c> each.</returns>
    /// <exception cref="ArgumentException">The network has a layer without bounds.</exception>
    internal static (Tensor Low, Tensor High) Policy(in DefendedTraining training, Tensor observations, float epsilon)
    {
        (float minimum, float maximum) =
            (Math.Max(training.Minimum, float.MinValue), Math.Min(training.Maximum, float.MaxValue));
        Network network = training.Network;
        var boxes = new Dictionary<string, Box>(StringComparer.Ordinal)
        {
            [network.Inputs[0].Name] = Box.Between(
                (observations + -epsilon).Clamp(minimum, maximum), (observations + epsilon).Clamp(minimum, maximum)),
        };
        foreach (Node node in network.Nodes)
        {
            boxes[node.Name] = Apply(network, node, boxes[node.Inputs[0]]);
        }

        Box policy = boxes[network.Outputs[0].Value];
        return (policy.Center - policy.Radius, policy.Center + policy.Radius);
    }

    private static Box Apply(Network network, Node node, Box x)
    {
        switch (node.Operator)
        {
            // c' = W c + b, r' = |W| r
            case Linear { HasInt8Weight: false } linear:
                return new Box(x.Center.Linear(Parameter(0), linear.HasBias ? Parameter(1) : null), x.Radius.Linear(
                    Parameter(0).Abs()));
            case Conv2d { HasInt8Weight: false } convolution:
                return new Box(
                    x.Center.Conv2d(Parameter(0), convolution.HasBias ? Parameter(1) : null, convolution.Options),
                    x.Radius.Conv2d(Parameter(0).Abs(), null, convolution.Options));

            // What never falls keeps the order of the two ends.
            case Relu:
                return Box.Between((x.Center - x.Radius).Relu(), (x.Center + x.Radius).Relu());
            case Tanh:
                return Box.Between((x.Center - x.Radius).Tanh(), (x.Center + x.Radius).Tanh());
            case Flatten:
                int batch = x.Center.Shape[0], length = x.Center.Count / batch;
                return new Box(x.Center.Reshape([batch, length]), x.Radius.Reshape([batch, length]));
            default:
                throw new ArgumentException($"interval bounds: there are none for this layer (got {node.Operator.Kind} "
                    + $"at {node.Name}, expected linear, convolution, ReLU, tanh or flatten); use the defense smooth");
        }

        Tensor Parameter(int index) => network.Parameters[node.Parameters[index]].Value;
    }

    private readonly record struct Box(Tensor Center, Tensor Radius)
    {
        internal static Box Between(Tensor low, Tensor high) => new((low + high) * 0.5f, (high - low) * 0.5f);
    }
}
