using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// A chain of nodes fused into one pass over memory: a convolution, linear layer or normalization, optionally followed
/// by a normalization, an addition and a ReLU.
/// </summary>
/// <remarks>The step's inputs are the input of the chain and, with an addition, the value to add.</remarks>
internal sealed class FusedStep : PlanStep
{
    /// <summary>The convolution or linear layer; null: the chain starts with the normalization.</summary>
    internal Node? Head { get; init; }

    /// <summary>Parameter indices of the head's weight and bias.</summary>
    internal int[] HeadParameters { get; init; } = [];

    /// <summary>The batch normalization; null: none.</summary>
    internal Node? Norm { get; init; }

    /// <summary>Parameter indices of the normalization's scale and shift.</summary>
    internal int[] NormParameters { get; init; } = [];

    /// <summary>Buffer indices of the normalization's running mean and variance.</summary>
    internal int[] NormBuffers { get; init; } = [];

    /// <summary>True if the chain ends with a ReLU.</summary>
    internal bool Relu { get; init; }

    /// <summary>
    /// Node index of the normalization, under which the network caches folded weights; -1: no normalization.
    /// </summary>
    internal required int NormIndex { get; init; }

    /// <inheritdoc/>
    internal override string Name => (Head ?? Norm)!.Name;

    /// <inheritdoc/>
    internal override Tensor Run(in StepContext context)
    {
        Tensor x = context.Values[Inputs[0]]!;
        Tensor? residual = Inputs.Length > 1 ? context.Values[Inputs[1]] : null;
        if (Head is null)
        {
            return Normalized(context, x, residual, known: null);
        }

        Tensor weight = context.Network.ParameterValues[HeadParameters[0]];
        Tensor? bias = HeadParameters.Length > 1 ? context.Network.ParameterValues[HeadParameters[1]] : null;
        if (Head.Operator is Linear)
        {
            return x.Linear(weight, bias, Relu);
        }

        Conv2dOptions options = ((Conv2d)Head.Operator).Options;
        if (Norm is null)
        {
            return x.Conv2d(weight, options, new Conv2dTail(bias, residual, Relu));
        }

        if (context.Pass.IsTraining)
        {
            Tensor y = x.Conv2dWithStatistics(weight, bias, options, out BatchStatistics found);
            return Normalized(context, y, residual, found);
        }

        if (DependsOnSource(context.Network))
        {
            return Normalized(context, x.Conv2d(weight, bias, options), residual, known: null);
        }

        FoldedNorm folded = FoldedNorm.Of(this, context.Network);
        return x.Conv2d(folded.Weight, options, new Conv2dTail(folded.Bias, residual, Relu));
    }

    private Tensor Normalized(in StepContext context, Tensor x, Tensor? residual, BatchStatistics? known)
    {
        Tensor scale = context.Network.ParameterValues[NormParameters[0]];
        Tensor shift = context.Network.ParameterValues[NormParameters[1]];
        float epsilon = ((BatchNorm)Norm!.Operator).Epsilon;
        var tail = new NormTail(residual, Relu);
        if (context.Pass.IsTraining)
        {
            Tensor y = x.BatchNormTraining(
                scale, shift, epsilon, tail, known, context.Pass.Reducer, out BatchStatistics batch);
            context.Pass.Add(Norm, batch);
            return y;
        }

        var running = new BatchStatistics(
            context.Network.BufferValues[NormBuffers[0]].ToArray<float>(),
            context.Network.BufferValues[NormBuffers[1]].ToArray<float>(), 0);
        return x.BatchNorm(scale, shift, running, epsilon, tail);
    }

    /// <summary>True if a tape records a parameter; its gradient would be lost if folded weights were used.</summary>
    private bool DependsOnSource(Network network)
    {
        foreach (int parameter in HeadParameters)
        {
            if (GradientTape.IsFollowed(network.ParameterValues[parameter]))
            {
                return true;
            }
        }

        return GradientTape.IsFollowed(network.ParameterValues[NormParameters[0]])
            || GradientTape.IsFollowed(network.ParameterValues[NormParameters[1]]);
    }
}
