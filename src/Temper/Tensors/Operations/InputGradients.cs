namespace Temper.Tensors;

/// <summary>Receives the gradients of an operation's inputs during its backward step.</summary>
internal readonly ref struct InputGradients(Tensor?[] slots, ReadOnlySpan<int> indices, ReadOnlySpan<Want> wanted)
{
    private readonly ReadOnlySpan<int> _indices = indices;
    private readonly ReadOnlySpan<Want> _wanted = wanted;

    /// <summary>Whether the backward pass needs the gradient of this input.</summary>
    internal bool Wants(int input) => _indices[input] >= 0 && _wanted[_indices[input]] != Want.Nothing;

    /// <summary>
    /// Adds to the gradient of an input. <paramref name="gradient"/> has the input's shape. It may be shared with other
    /// holders; it is then not written.
    /// </summary>
    internal void Add(int input, Tensor gradient)
    {
        if (!Wants(input))
        {
            return;
        }

        ref Tensor? slot = ref slots[_indices[input]];
        if (slot is null)
        {
            gradient.Storage.Retain();
            slot = gradient;
            return;
        }

        Tensor sum = GradientSum.Of(slot, gradient);
        if (!ReferenceEquals(sum, slot))
        {
            sum.Storage.Retain();
            slot.Storage.Release();
            slot = sum;
        }
    }
}
