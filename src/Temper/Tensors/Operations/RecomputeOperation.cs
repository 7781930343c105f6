using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>A section of work recorded as one operation. The backward pass runs the section again.</summary>
internal sealed class RecomputeOperation(Tensor[] inputs, Func<IReadOnlyList<Tensor>, Tensor> section)
    : Operation(inputs)
{
    private bool _mixesSamples;

    internal override string Name => "Recompute";

    internal override bool MixesSamples => _mixesSamples;

    protected override Tensor Forward()
    {
        MemoryScope? owner = MemoryScope.Current;
        if (owner is null)
        {
            return GradientTape.RunUnrecorded(Inputs, section, out _mixesSamples).Alias();
        }

        using MemoryScope between = MemoryScope.Open();
        using (MemoryScope.Enter(between))
        {
            Tensor output = GradientTape.RunUnrecorded(Inputs, section, out _mixesSamples);
            output.Storage.RequireMemory();
            output.Storage.KeepFor(owner);
            // The section may return one of its inputs, which is already recorded.
            return output.Alias();
        }
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor[] sources = Wanted(inputs);
        MemoryScope owner = MemoryScope.Current!;
        using var tape = new GradientTape();
        foreach (Tensor source in sources)
        {
            tape.Watch(source);
        }

        using MemoryScope between = MemoryScope.Open();
        Tensor again;
        using (MemoryScope.Enter(between))
        {
            again = GradientTape.RunAgain(Inputs, section);
        }

        if (!again.Shape.Equals(output.Shape))
        {
            throw new InvalidOperationException(
                $"GradientTape.Recompute: the second run returned a different shape (got {again.Shape}, expected "
                + $"{output.Shape}); the section must return the same result in both runs");
        }

        if (!GradientTape.IsFollowed(again))
        {
            return;                                        // the output is a constant
        }

        GradientMap gradients = tape.Gradient([(again, gradient)], sources);
        for (int i = 0; i < sources.Length; i++)
        {
            Tensor found = gradients.Gradients[i];
            if (found.Storage.Owner == tape.Scope)
            {
                found.Storage.MoveTo(owner, isTransient: true);
            }

            inputs.Add(Array.IndexOf(Inputs, sources[i]), found);
            found.Storage.Release();                       // held by the inner pass until now
        }
    }

    /// <summary>Returns the inputs that need a gradient, without duplicates.</summary>
    private Tensor[] Wanted(InputGradients gradients)
    {
        var wanted = new List<Tensor>(Inputs.Length);
        for (int i = 0; i < Inputs.Length; i++)
        {
            if (gradients.Wants(i) && !wanted.Contains(Inputs[i]))
            {
                wanted.Add(Inputs[i]);
            }
        }

        return [.. wanted];
    }
}
