using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>
/// Records the operations on watched tensors, on the thread that opened the tape, and computes vector-Jacobian
/// products. The tape owns the memory of the tensors it recorded and of the gradients it computed;
/// <see cref="Dispose"/> releases all of it.
/// </summary>
/// <remarks>
/// Tapes can be nested: each records the operations that depend on its own sources. Only first derivatives are
/// supported: using a gradient in an operation while the tape that computed it is open is an error. Call
/// <see cref="Tensor.Detach"/> on the gradient to use it as a constant.
/// </remarks>
/// <example><code>
/// using var tape = new GradientTape();
/// Tensor x = tape.Watch(images);
/// Tensor loss = network.Forward(x).CrossEntropy(labels);
/// Tensor gradient = tape.Gradient(loss, x).Detach();
/// </code></example>
public sealed partial class GradientTape : IDisposable
{
    [ThreadStatic]
    private static GradientTape? _innermost;

    private readonly TapeRecords _records = TapeRecords.Rent();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private bool _closed;

    /// <summary>Opens a tape on this thread. It records nothing until a tensor is watched.</summary>
    public GradientTape()
    {
        Parent = _innermost;
        _innermost = this;
    }

    internal static GradientTape? Innermost => _innermost;

    internal GradientTape? Parent { get; }

    internal bool IsClosed => _closed;

    internal MemoryScope Scope => _records.Scope;

    /// <summary>Makes a tensor a source: operations that depend on it are recorded from now on.</summary>
    /// <param name="tensor">A float32 tensor of any shape.</param>
    /// <returns>The same tensor.</returns>
    /// <exception cref="ArgumentException">The dtype is not float32.</exception>
    public Tensor Watch(Tensor tensor)
    {
        CheckOpen();
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.DType != DType.Float32)
        {
            throw new ArgumentException(
                $"GradientTape.Watch: only float32 tensors have gradients (got {tensor.DType}); convert it first",
                nameof(tensor));
        }

        _records.AddSource(tensor);
        return tensor;
    }

    /// <summary>Computes the gradient of a scalar with respect to one source.</summary>
    /// <param name="output">A tensor with one element, computed from the source.</param>
    /// <param name="source">A watched tensor.</param>
    /// <returns>
    /// A tensor of the source's shape; zero for elements on which the output does not depend. It is valid until the
    /// tape is disposed.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// The output depends on no watched tensor, or the source is not watched.
    /// </exception>
    public Tensor Gradient(Tensor output, Tensor source) => Gradient(output, [source])[source];

    /// <summary>Computes the gradients of a scalar with respect to several sources, in one backward pass.</summary>
    /// <inheritdoc cref="Gradient(Tensor, Tensor)"/>
    public GradientMap Gradient(Tensor output, IReadOnlyList<Tensor> sources)
    {
        CheckOpen();
        if (output.Count != 1)
        {
            throw new ShapeMismatchException(
                "GradientTape.Gradient", output.Shape, "one element; reduce the output or give a cotangent");
        }

        Tensor one;
        using (MemoryScope.Enter(Scope, backward: true))
        {
            one = Tensor.Allocate(output.Shape);
        }

        one.Writable()[0] = 1;
        return Gradient([(output, one)], sources);
    }

    /// <summary>Computes the vector-Jacobian product of an output of any shape.</summary>
    /// <param name="output">A tensor computed from the source.</param>
    /// <param name="cotangent">
    /// The vector of the product: the gradient of the loss with respect to <paramref name="output"/>, of the same
    /// shape.
    /// </param>
    /// <param name="source">A watched tensor.</param>
    public Tensor Gradient(Tensor output, Tensor cotangent, Tensor source) =>
        Gradient([(output, cotangent)], [source])[source];

    /// <summary>Computes the summed vector-Jacobian products of several outputs, in one backward pass.</summary>
    /// <param name="outputs">Outputs with their cotangents; both of a pair have the same shape.</param>
    /// <param name="sources">Watched tensors.</param>
    /// <returns>The gradient for each source, of the source's shape.</returns>
    /// <exception cref="ShapeMismatchException">A cotangent has a different shape than its output.</exception>
    /// <exception cref="InvalidOperationException">
    /// No output depends on a watched tensor, a source is not watched, or a recorded tensor has been written since it
    /// was recorded.
    /// </exception>
    public GradientMap Gradient(
        IReadOnlyList<(Tensor Output, Tensor Cotangent)> outputs, IReadOnlyList<Tensor> sources) =>
        Gradient(outputs, sources, ready: null);

    /// <summary>
    /// Computes the summed vector-Jacobian products of several outputs, and reports each gradient as soon as it is
    /// final.
    /// </summary>
    /// <param name="outputs">Outputs with their cotangents; both of a pair have the same shape.</param>
    /// <param name="sources">Watched tensors.</param>
    /// <param name="ready">
    /// Called once for each source, with the source's index and its gradient, as soon as the backward pass can no
    /// longer add to that gradient. The order depends only on what was recorded: sources used last are reported first,
    /// so that work on them can overlap with the rest of the pass. The tensor is the one in the returned map: it must
    /// not be written. An exception ends the pass. null: nothing is called.
    /// </param>
    /// <inheritdoc cref="Gradient(IReadOnlyList{ValueTuple{Tensor, Tensor}}, IReadOnlyList{Tensor})"/>
    public GradientMap Gradient(
        IReadOnlyList<(Tensor Output, Tensor Cotangent)> outputs, IReadOnlyList<Tensor> sources,
        Action<int, Tensor>? ready)
    {
        CheckOpen();
        GradientMap gradients;
        GradientTape? outer = _innermost;
        _innermost = null;                       // operations inside a backward pass are not recorded
        try
        {
            using (MemoryScope.Enter(Scope, backward: true))
            {
                gradients = BackwardPass.Run(_records, outputs, sources, ready);
            }
        }
        finally
        {
            _innermost = outer;
        }

        // A gradient also depends on the sources, but no tape has recorded that dependency. Using it in an operation
        // would give wrong derivatives without an error, so the open tapes reject it.
        for (GradientTape? tape = _innermost; tape is not null; tape = tape.Parent)
        {
            tape._records.Forbid(gradients);
        }

        return gradients;
    }

    /// <summary>
    /// Computes the L2 norm of each sample's own gradient over all sources together, <c>[N]</c>, from the losses
    /// <c>[N]</c> of the samples.
    /// </summary>
    internal float[] SampleNorms(Tensor losses, IReadOnlyList<Tensor> sources)
    {
        CheckOpen();
        GradientTape? outer = _innermost;
        _innermost = null;
        try
        {
            using (MemoryScope.Enter(Scope, backward: true))
            {
                return Tensors.SampleNorms.Compute(_records, losses, sources);
            }
        }
        finally
        {
            _innermost = outer;
        }
    }

    /// <summary>Closes the tape and releases its memory. Tensors that it recorded can no longer be read.</summary>
    public void Dispose()
    {
        if (_closed)
        {
            return;
        }

        CheckThread();
        if (_innermost != this)
        {
            throw new InvalidOperationException(
                "GradientTape: a tape that was opened later is still open, or this one is suspended; close in the "
                + "reverse order of opening");
        }

        _closed = true;
        _innermost = Parent;
        _records.Recycle();
    }

    /// <summary>
    /// Whether a tensor needs a gradient: an open tape has it as a source or has recorded it, or a section that will be
    /// recomputed uses it.
    /// </summary>
    internal static bool IsFollowed(Tensor tensor) => IsFollowedBy(_innermost, tensor)
        || (_section is not null && _section.Follows(tensor));

    private static bool IsFollowedBy(GradientTape? innermost, Tensor tensor)
    {
        for (GradientTape? tape = innermost; tape is not null; tape = tape.Parent)
        {
            if (tape._records.IndexOf(tensor) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether an operation depends on one of this tape's sources.</summary>
    internal bool Follows(Operation operation) => _records.Follows(operation);

    internal void Record(Operation operation, Tensor output) => _records.Add(operation, output);

    private void CheckOpen()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        CheckThread();
    }

    private void CheckThread()
    {
        if (_thread != Environment.CurrentManagedThreadId)
        {
            throw new InvalidOperationException(
                "GradientTape: used on another thread than the one that opened it; open one tape per thread");
        }
    }
}
