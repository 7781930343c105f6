using Temper.Networks;
using Temper.Tensors;
using Temper.Tensors.Memory;

namespace Temper.Inference;

/// <summary>An operator without a dedicated kernel; it runs the network's tensor code.</summary>
internal sealed record OperatorLayer : Layer
{
    private const double PreferRowMajor = 1.01;

    internal required PlanStep Step { get; init; }

    internal required string Operator { get; init; }

    /// <summary>Whether the tensor operation returns an image in the layout of its input.</summary>
    internal bool KeepsOrder { get; init; }

    internal override object Attributes => Step is NodeStep { Parameters.Count: 0 } node ? node.Node.Operator : Name;

    internal override string Kind => Operator;

    internal override bool RunsOnTensors => true;

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch)
    {
        Candidate In(ValueLayout layout, string kernel) =>
            graph.Moving(this, kernel, layout, batch, _ => new OperatorStep(graph, Step, kernel)
        {
            Reads = layout, Writes = graph.LayoutFor(Output, layout),
        });
        Candidate rowMajor = In(ValueLayout.RowMajor, KernelNames.Operator);
        int[] images = [.. Inputs.Append(Output).Where(
            value => graph.Values[value] is { DType: DType.Float32, Shape.Rank: 4 })];
        if (images.Length == 0)
        {
            return [rowMajor];
        }

        // If the operation needs another layout, it converts its inputs itself.
        double changes = KeepsOrder
            ? 0
            : CandidateForms.CostOfMoving * images.Sum(value => LayerGraph.Count(graph.Values[value], batch));
        Candidate pixels = In(ValueLayout.ChannelsLast, KernelNames.OperatorOnPixels);
        return [rowMajor, pixels with { Cost = (pixels.Cost + changes) * (KeepsOrder ? 1 : PreferRowMajor) }];
    }

    internal static OperatorLayer Of(PlanStep step) => new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output, Step = step,
        Operator = step is NodeStep node ? node.Node.Operator.Kind : "chain",
        KeepsOrder = step is NodeStep { Node.Operator: ElementwiseOperator
            or Add or Subtract or Multiply or Divide or Maximum or Minimum },
    };
}

/// <summary>
/// Runs an operator on tensors over the session's memory. The result stays in the operation's own memory until the last
/// step that reads it. It is copied only if it belongs to the caller or if the memory is not the operation's.
/// </summary>
internal sealed class OperatorStep(LayerGraph graph, PlanStep step, string kernel) : Step
{
    internal override string Kernel => kernel;

    internal override bool BringsMemory => true;

    internal override void Run(in StepCall call)
    {
        OperatorScratch scratch = call.Memory.ScratchForOperators(graph.Values.Count, step.Width);
        using IDisposable? offTape = GradientTape.Innermost is null ? null : GradientTape.Suspend();
        using MemoryScope work = MemoryScope.Open();
        using (MemoryScope.Enter(work))
        {
            // The scratch array is indexed by the network's value indices.
            for (int i = 0; i < step.Inputs.Length; i++)
            {
                scratch.Values[step.Inputs[i]] = InputOf(call, i);
            }

            using OperationKernels.Usage kernels = OperationKernels.Use(graph.Kernels);
            Tensor result = step.Run(new StepContext(graph.Network, Pass.Evaluation, scratch.Values, scratch.Tensors));
            Put(call, result, work);
            for (int i = 0; i < step.Inputs.Length; i++)
            {
                TakeBack(call, i, scratch);
            }
        }
    }

    private static Tensor InputOf(in StepCall call, int index)
    {
        PlannedBuffer buffer = call.Buffer(call.Step.Inputs[index]);
        return buffer.Layout.Kind == LayoutKind.Tensor
            ? call.Tensors[call.Step.Inputs[index]]!
            : Tensor.Over(call.Input(index), LayerGraph.ShapeOf(buffer.Value, call.Batch), OrderOf(buffer));
    }

    /// <summary>Invalidates a tensor over the session's memory, so that it cannot be read after the step.</summary>
    private void TakeBack(in StepCall call, int index, OperatorScratch scratch)
    {
        ref Tensor? input = ref scratch.Values[step.Inputs[index]];
        if (input is not null && call.Buffer(call.Step.Inputs[index]).Layout.Kind != LayoutKind.Tensor)
        {
            input.Storage.Return();
        }

        input = null;
    }

    private static void Put(in StepCall call, Tensor result, MemoryScope work)
    {
        int output = call.Step.Output;
        PlannedBuffer buffer = call.Buffer(output);
        if (buffer.Layout.Kind == LayoutKind.Tensor)
        {
            bool isOthers = result.Storage.Owner is { } owner && owner != work;
            call.Memory.Hold(output, isOthers ? result.Copy() : result);
            return;
        }

        Tensor ordered =
            OrderOf(buffer) == Layout.RowMajor ? result.ToRowMajor() : result.InLayout(Layout.ChannelsLast);
        if (call.IsCallers(output))
        {
            ordered.Physical().CopyTo(call.Y.Span(ordered.Count));
            return;
        }

        call.Memory.Hold(output, ordered.Storage.Owner == work ? ordered : ordered.Copy());
    }

    private static Layout OrderOf(PlannedBuffer buffer) =>
        buffer.Layout.Kind == LayoutKind.ChannelsLast && buffer.Value.Shape.Rank == 4
            ? Layout.ChannelsLast
            : Layout.RowMajor;
}

/// <summary>Arrays of a session that hold the tensors passed to operators.</summary>
/// <param name="Values">Tensors by value index.</param>
/// <param name="Tensors">Inputs, parameters and buffers of a node.</param>
internal sealed record OperatorScratch(Tensor?[] Values, Tensor[] Tensors);
