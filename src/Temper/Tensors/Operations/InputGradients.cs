namespace Temper.Tensors;

/// <summary>Where an operation puts the gradients of its inputs during one backward step.</summary>
internal readonly ref struct InputGradients(Tensor?[] slots, ReadOnlySpan<int> indices, ReadOnlySpan<Want> wanted)
{
    private readonly ReadOnlySpan<int> _indices = indices;
    private readonly ReadOnlySpan<Want> _wanted = wanted;

    /// <summary>Whether somebody asked for a gradient that passes through this input.</summary>
    internal bool Wants(int input) => _indices[input] >= 0 && _wanted[_indices[input]] != Want.Nothing;

    /// <summary>
    /// Adds a gradient of the input's shape. The tensor may be one that others hold too; it is not written then.
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
