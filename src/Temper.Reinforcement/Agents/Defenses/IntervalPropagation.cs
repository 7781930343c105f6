using Temper.Networks;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// Interval bound propagation (arXiv:1810.12715, eqs. 6 and 7). Each value of the network is bounded by a box with
/// center c and radius r that contains it for every input in the input box. Differentiable with respect to the
/// parameters. Supports linear, convolution, ReLU, tanh and flatten layers.
/// </summary>
internal static class IntervalPropagation
{
    /// <summary>
    /// Computes bounds on the policy's logits for all inputs within epsilon of the given observations.
    /// </summary>
    /// <param name="training">The network and the bounds of observations.</param>
    /// <param name="observations"><c>[B, ...]</c>.</param>
    /// <param name="epsilon">Largest change of each value.</param>
    /// <returns>Lower and upper bounds of the logits, <c>[B, A]</c> each.</returns>
    /// <exception cref="ArgumentException">The network contains an unsupported layer.</exception>
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
                return new Box(
                    x.Center.Linear(Parameter(0), linear.HasBias ? Parameter(1) : null),
                    x.Radius.Linear(Parameter(0).Abs()));
            case Conv2d { HasInt8Weight: false } convolution:
                return new Box(
                    x.Center.Conv2d(Parameter(0), convolution.HasBias ? Parameter(1) : null, convolution.Options),
                    x.Radius.Conv2d(Parameter(0).Abs(), null, convolution.Options));

            // Monotonic functions map the interval's ends to the ends of the result.
            case Relu:
                return Box.Between((x.Center - x.Radius).Relu(), (x.Center + x.Radius).Relu());
            case Tanh:
                return Box.Between((x.Center - x.Radius).Tanh(), (x.Center + x.Radius).Tanh());
            case Flatten:
                int batch = x.Center.Shape[0], length = x.Center.Count / batch;
                return new Box(x.Center.Reshape([batch, length]), x.Radius.Reshape([batch, length]));
            default:
                throw new ArgumentException($"interval bounds: unsupported layer (got {node.Operator.Kind} "
                    + $"at {node.Name}, expected linear, convolution, ReLU, tanh or flatten); use the defense smooth");
        }

        Tensor Parameter(int index) => network.Parameters[node.Parameters[index]].Value;
    }

    private readonly record struct Box(Tensor Center, Tensor Radius)
    {
        internal static Box Between(Tensor low, Tensor high) => new((low + high) * 0.5f, (high - low) * 0.5f);
    }
}
