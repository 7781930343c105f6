namespace Temper.Tensors;

/// <summary>
/// Gradients by source, as <see cref="GradientTape.Gradient(Tensor, IReadOnlyList{Tensor})"/> gives them.
/// </summary>
/// <remarks>The tensors live as long as the tape they came from.</remarks>
public sealed class GradientMap
{
    private readonly IReadOnlyList<Tensor> _sources;
    private readonly Tensor[] _gradients;

    internal GradientMap(IReadOnlyList<Tensor> sources, Tensor[] gradients)
    {
        _sources = sources;
        _gradients = gradients;
    }

    /// <summary>The sources, in the order in which they were asked for.</summary>
    public IReadOnlyList<Tensor> Sources => _sources;

    /// <summary>The gradients, in the order of <see cref="Sources"/>.</summary>
    public IReadOnlyList<Tensor> Gradients => _gradients;

    /// <summary>The gradient of one source: a tensor of the source's shape.</summary>
    /// <exception cref="KeyNotFoundException">No gradient was asked for with respect to this tensor.</exception>
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
                $"GradientMap: no gradient was asked for with respect to this tensor (got shape {source.Shape}); name "
                + "it among the sources");
        }
    }
}
