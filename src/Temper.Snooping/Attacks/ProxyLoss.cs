using Temper.Snooping.Proxies;
using Temper.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Snooping.Attacks;

/// <summary>
/// The loss of a proxy that an attack maximizes. Its reference is computed on the clean observation and then fixed.
/// </summary>
internal static class ProxyLoss
{
    /// <summary>Computes the reference of the loss from the proxy's output for the clean observation.</summary>
    /// <param name="goal">Meaning of the output.</param>
    /// <param name="output">Output for the clean stack, one sample.</param>
    /// <param name="isTargeted">True: the least likely class is the reference; false: the most likely class.</param>
    internal static Tensor Reference(ProxyGoal goal, Tensor output, bool isTargeted)
    {
        ReadOnlySpan<float> row = output.AsSpan<float>();
        ReadOnlySpan<float> classes = goal == ProxyGoal.ClassesAndValue ? row[..^1] : row;
        switch (goal)
        {
            case ProxyGoal.Value:
                return Tensor.Zeros([1]);
            case ProxyGoal.Cells:
                float[] cells = new float[row.Length];
                for (int i = 0; i < cells.Length; i++)
                {
                    cells[i] = row[i] > 0 ? 1 : 0;
                }

                return Tensor.From(cells, output.Shape);
            default:
                return Tensor.From<long>(
                    [isTargeted ? TensorPrimitives.IndexOfMin(classes) : TensorPrimitives.IndexOfMax(classes)], [1]);
        }
    }

    /// <summary>Computes the scalar loss to maximize.</summary>
    internal static Tensor Of(ProxyGoal goal, Tensor output, Tensor reference, GradientSign attack) => goal switch
    {
        // The squared difference from the clean value has zero gradient at the clean observation, so the signed value
        // itself is maximized.
        ProxyGoal.Value => attack.RaisesValue ? output.Sum() : -output.Sum(),
        ProxyGoal.Cells => output.BinaryCrossEntropyWithLogits(reference),
        ProxyGoal.ClassesAndValue => AwayFrom(output.Slice(1, 0, output.Shape[1] - 1), reference, attack)
            - output.Slice(1, output.Shape[1] - 1).Sum(),
        _ => AwayFrom(output, reference, attack),
    };

    /// <summary>Returns the number of actions among which a proxy chooses; 0: its output is not of actions.</summary>
    internal static int ActionsOf(Proxy proxy)
    {
        int outputs = proxy.Network.Graph.ShapeOf(proxy.Network.Outputs[0].Value)[1];
        return proxy.Goal switch
        {
            ProxyGoal.Classes => outputs,
            ProxyGoal.ClassesAndValue => outputs - 1,
            _ => 0,
        };
    }

    private static Tensor AwayFrom(Tensor logits, Tensor label, GradientSign attack)
    {
        Tensor loss = logits.CrossEntropy(label);
        return attack.IsTargeted ? -loss : loss;
    }
}
