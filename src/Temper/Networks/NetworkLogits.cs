using Temper.Tensors;

namespace Temper.Networks;

/// <content>Networks that return probabilities, and the networks of their logits.</content>
public sealed partial class Network
{
    /// <summary>
    /// The softmax over the classes that computes the first output <c>[N, K]</c>; null: none. Reshapes may follow it,
    /// as in convolutional classifiers that normalize <c>[N, K, 1, 1]</c>, unless another node or output uses a value
    /// on the way.
    /// </summary>
    internal Node? FinalSoftmax =>
        LastNode is { } last && IsOverClasses(last, Graph.ShapeOf(Outputs[0].Value)[1])
            && (IsFirstOutput(last) || IsUsedOnce(last.Name))
            ? last
            : null;

    /// <summary>
    /// Whether a sigmoid for each class computes the first output <c>[N, K]</c>; reshapes may follow it.
    /// </summary>
    internal bool HasFinalSigmoid => LastNode is { Operator: Sigmoid };

    /// <summary>
    /// The node that computes the first output <c>[N, K]</c>, before reshapes that nothing else uses; null: none, or
    /// the output has another rank.
    /// </summary>
    private Node? LastNode
    {
        get
        {
            string value = Outputs[0].Value;
            Node? last = Graph.ShapeOf(value).Rank == 2 ? Graph.FindNode(value) : null;
            while (last is { Operator: Flatten or Reshape { KeepsAxis0: true } } && IsUsedOnce(last.Name))
            {
                last = Graph.FindNode(last.Inputs[0]);
            }

            return last;
        }
    }

    /// <summary>
    /// Returns the network of the logits: without the softmax that computes the first output <c>[N, K]</c>, or without
    /// several one after the other. Files of other programs often end with one, but losses, attacks, probes and
    /// distillation expect logits: they would take a second softmax, whose gradients vanish, and robustness would be
    /// overstated.
    /// </summary>
    /// <returns>
    /// The changed network, which predicts the same classes and keeps the class names; this network itself if its first
    /// output is not that of a softmax over the classes. A <see cref="LogSoftmax"/> is kept: it adds the same number to
    /// all logits of a sample, which changes neither their differences nor their softmax.
    /// </returns>
    public Network WithoutFinalSoftmax()
    {
        Network logits = this;
        while (logits.FinalSoftmax is { } last)
        {
            logits = logits.WithoutSoftmax(last);
        }

        return logits;
    }

    /// <summary>
    /// Returns this network with the final softmax of another one, or with several one after the other. This network
    /// was made from the other one by <see cref="WithoutFinalSoftmax"/> and changes that keep the names of nodes;
    /// unchanged if the other one has none.
    /// </summary>
    internal Network WithFinalSoftmaxOf(Network other)
    {
        if (other.FinalSoftmax is not { } last || FinalSoftmax is not null)
        {
            return this;
        }

        Network inner = WithFinalSoftmaxOf(other.WithoutSoftmax(last));

        // Behind reshapes it is over [N, K]. The node is still there if another output uses it.
        Operator softmax = other.IsFirstOutput(last) ? last.Operator : new Softmax();
        Node[] added = inner.Graph.NumberOf(last.Name) >= 0
            ? []
            : [last with { Operator = softmax, Inputs = [inner.Outputs[0].Value] }];
        NetworkOutput[] outputs = [Outputs[0] with { Value = last.Name }, .. Outputs.Skip(1)];
        return inner.Rebuilt(inner.GraphOf([.. inner.Nodes, .. added], outputs));
    }

    /// <summary>Returns this network without its last final softmax; those before it stay.</summary>
    private Network WithoutSoftmax(Node last)
    {
        if (!IsFirstOutput(last))
        {
            return Remove(last.Name);
        }

        NetworkOutput[] outputs = [Outputs[0] with { Value = last.Inputs[0] }, .. Outputs.Skip(1)];
        Network logits = WithOutputs(outputs);
        return ClassNames.Count == 0 ? logits : logits.WithClassNames(ClassNames);
    }

    /// <summary>Whether a node is a softmax along the only axis of a sample that is longer than 1.</summary>
    private bool IsOverClasses(Node node, int classes)
    {
        Shape shape = Graph.ShapeOf(node.Name);
        return node.Operator is Softmax softmax && shape.IsBehindBatch(softmax.Axis) && shape[softmax.Axis] == classes;
    }

    private bool IsFirstOutput(Node node) => string.Equals(node.Name, Outputs[0].Value, StringComparison.Ordinal);

    private bool IsUsedOnce(string value) =>
        Nodes.SelectMany(node => node.Inputs).Concat(Outputs.Select(output => output.Value))
            .Count(used => string.Equals(used, value, StringComparison.Ordinal)) == 1;
}
