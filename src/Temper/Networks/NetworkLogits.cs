namespace Temper.Networks;

/// <content>Networks that return probabilities, and the networks of their logits.</content>
public sealed partial class Network
{
    /// <summary>The softmax over the classes that computes the first output <c>[N, K]</c>; null: none.</summary>
    internal Node? FinalSoftmax => Outputs is [var output, ..] && Graph.ShapeOf(output.Value).Rank == 2
        && Graph.FindNode(output.Value) is { Operator: Softmax { Axis: -1 or 1 } } node ? node : null;

    /// <summary>
    /// Returns the network of the logits: without the softmax that computes the first output <c>[N, K]</c>. Files of
    /// other programs often end with one, but losses, attacks, probes and distillation expect logits: they would take a
    /// second softmax, whose gradients vanish, and robustness would be overstated.
    /// </summary>
    /// <returns>
    /// The changed network, which predicts the same classes and keeps the class names; this network itself if its first
    /// output is not that of a softmax over the classes. A <see cref="LogSoftmax"/> is kept: it adds the same number to
    /// all logits of a sample, which changes neither their differences nor their softmax.
    /// </returns>
    public Network WithoutFinalSoftmax()
    {
        if (FinalSoftmax is not { } last)
        {
            return this;
        }

        NetworkOutput[] outputs = [Outputs[0] with { Value = last.Inputs[0] }, .. Outputs.Skip(1)];
        Network logits = WithOutputs(outputs);
        return ClassNames.Count == 0 ? logits : logits.WithClassNames(ClassNames);
    }

    /// <summary>
    /// Returns this network with the final softmax of another one, from which it was made by <see
    /// cref="WithoutFinalSoftmax"/> and changes that keep the names of nodes; unchanged if the other one has none.
    /// </summary>
    internal Network WithFinalSoftmaxOf(Network other)
    {
        if (other.FinalSoftmax is not { } last || FinalSoftmax is not null)
        {
            return this;
        }

        // The node is still there if another output uses it.
        Node[] added = Graph.NumberOf(last.Name) >= 0 ? [] : [last with { Inputs = [Outputs[0].Value] }];
        NetworkOutput[] outputs = [Outputs[0] with { Value = last.Name }, .. Outputs.Skip(1)];
        return Rebuilt(GraphOf([.. Nodes, .. added], outputs));
    }
}
