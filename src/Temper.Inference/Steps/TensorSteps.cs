using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>An operator that has no step of its own: the network's code for it, on tensors.</summary>
internal sealed class OperatorStep(LayerGraph graph, PlanStep step) : Step
{
    internal override string Kernel => "operator";

    internal override void Run(in StepCall call)
    {
        // Numbered as the network numbers its values.
        Tensor?[] values = new Tensor?[graph.Values.Count];
        for (int i = 0; i < step.Inputs.Length; i++)
        {
            values[step.Inputs[i]] = call.Tensors[call.Step.Inputs[i]];
        }

        call.Tensors[call.Step.Output] = step.Run(new StepContext(graph.Network, Pass.Evaluation, values, new Tensor[step.Width]));
    }
}

/// <summary>A tensor of a row-major buffer, for an operator.</summary>
internal sealed class ToTensorStep(ValueInfo value) : Step
{
    internal override string Kernel => "copy";

    internal override void Run(in StepCall call)
    {
        Shape shape = LayerGraph.ShapeOf(value, call.Batch);
        call.Tensors[call.Step.Output] = Tensor.From(call.X.Span(shape.Count), shape);
    }
}

/// <summary>A row-major buffer of an operator's tensor.</summary>
internal sealed class FromTensorStep : Step
{
    internal override string Kernel => "copy";

    internal override void Run(in StepCall call)
    {
        ReadOnlySpan<float> source = call.Tensors[call.Step.Inputs[0]]!.AsSpan<float>();
        source.CopyTo(call.Y.Span(source.Length));
    }
}

/// <summary>A constant; run once for each session's memory.</summary>
internal sealed class ConstantStep(Tensor value) : Step
{
    internal override string Kernel => "constant";

    internal override void Run(in StepCall call) => call.Tensors[call.Step.Output] = value;
}
