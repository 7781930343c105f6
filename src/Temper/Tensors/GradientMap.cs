namespace Temper.Tensors;

/// <summary>
/// Gradients by source tensor, as returned by <see cref="GradientTape.Gradient(Tensor, IReadOnlyList{Tensor})"/>.
/// </summary>
/// <remarks>The gradient tensors are valid until the tape that computed them is disposed.</remarks>
public sealed class GradientMap
{
    private readonly IReadOnlyList<Tensor> _sources;
    private readonly Tensor[] _gradients;

    internal GradientMap(IReadOnlyList<Tensor> sources, Tensor[] gradients)
    {
        _sources = sources;
        _gradients = gradients;
    }

    /// <summary>The source tensors, in the order in which they were passed.</summary>
    public IReadOnlyList<Tensor> Sources => _sources;

    /// <summary>The gradients, in the order of <see cref="Sources"/>.</summary>
    public IReadOnlyList<Tensor> Gradients => _gradients;

    /// <summary>Returns the gradient with respect to one source. It has the source's shape.</summary>
    /// <exception cref="KeyNotFoundException">The tensor is not one of <see cref="Sources"/>.</exception>
    public Tensor this[Tensor source]
    {
        get
        {
            for (int i = 0; i < _sources.Count; i++)
            {
                if (ReferenceEquals(_sources[i], source))
                {
                    return _gradients[i];
                }
            }

            throw new KeyNotFoundException(
                $"GradientMap: the tensor is not one of the sources (got a tensor of shape {source.Shape}); pass "
                + "it to Gradient as a source");
        }
    }
}
