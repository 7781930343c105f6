using System.Numerics.Tensors;
using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors.Memory;
using Tensor = Temper.Tensors.Tensor;

namespace Temper.Training;

/// <summary>
/// The gradients of a loss with respect to the trained parameters of a <see cref="Learner"/>. They own their memory:
/// they remain valid after the tape is disposed, and can be read, written, added and scaled until they are disposed.
/// </summary>
public sealed class Gradients : IDisposable
{
    private readonly TrainedParameters _trained;
    private readonly Tensor?[] _tensors;
    private readonly MemoryScope _scope = MemoryScope.Open();
    private readonly List<NodeStatistics> _statistics = [];
    private bool _isDisposed;

    internal Gradients(TrainedParameters trained)
    {
        _trained = trained;
        _tensors = new Tensor?[trained.Count];
    }

    /// <summary>The loss, without regularizers.</summary>
    public float Loss { get; internal set; }

    /// <summary>Names of the parameters, in the order of the network.</summary>
    public IReadOnlyList<string> Parameters => _trained.Names;

    internal IReadOnlyList<NodeStatistics> Statistics => _statistics;

    internal TrainedParameters Trained => _trained;

    /// <summary>Gets the gradient of one parameter, row-major, for reading or writing.</summary>
    /// <param name="parameter">Full name of a trained parameter.</param>
    /// <exception cref="KeyNotFoundException">There is no trained parameter of this name.</exception>
    /// <exception cref="ObjectDisposedException">The gradients were disposed.</exception>
    public Span<float> this[string parameter] => this[_trained.IndexOf(parameter)];

    internal Span<float> this[int index]
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _tensors[index]!.Writable();
        }
    }

    /// <summary>
    /// Adds <paramref name="weight"/> times other gradients and their loss. Batch statistics are not added up:
    /// <see cref="Learner.Apply"/> applies them one after the other.
    /// </summary>
    /// <param name="other">Gradients of the same learner and network.</param>
    /// <param name="weight">Factor of <paramref name="other"/>.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="other"/> belongs to another network, or to the network before an edit.
    /// </exception>
    public void Add(Gradients other, float weight = 1)
    {
        if (other._trained != _trained)
        {
            throw new ArgumentException("Gradients.Add: the gradients belong to another network, or to the network "
                + "before an edit; compute them again", nameof(other));
        }

        for (int i = 0; i < _tensors.Length; i++)
        {
            Elementwise.Accumulate(weight, other[i], this[i]);
        }

        Loss += weight * other.Loss;
        _statistics.AddRange(other._statistics);
    }

    /// <summary>Multiplies all gradients and the loss by a factor.</summary>
    /// <param name="factor">The factor.</param>
    public void Scale(float factor)
    {
        for (int i = 0; i < _tensors.Length; i++)
        {
            Span<float> values = this[i];
            TensorPrimitives.Multiply(values, factor, values);
        }

        Loss *= factor;
    }

    /// <summary>Releases the memory.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _scope.Dispose();
        }
    }

    /// <summary>Takes ownership of a gradient computed by a tape; copies it if its memory is shared.</summary>
    internal void Take(int index, Tensor gradient)
    {
        using (MemoryScope.Enter(_scope))
        {
            Tensor rows = gradient.ToRowMajor();
            _tensors[index] = rows.Storage.Owner == _scope || _scope.TryAdopt(rows.Storage) ? rows : CopyOf(rows);
        }
    }

    internal void Add(IReadOnlyList<NodeStatistics> statistics) => _statistics.AddRange(statistics);

    private static Tensor CopyOf(Tensor rows)
    {
        Tensor copy = Tensor.Allocate(rows.Shape);
        rows.Physical().CopyTo(copy.Writable());
        return copy;
    }
}
