using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>
/// Records what depends on watched tensors, on the thread that opened it, and gives vector-Jacobian products. It owns
/// the memory of what it recorded and of the gradients it gave: closing it returns all of that at once.
/// </summary>
/// <remarks>
/// Tapes nest: each records what depends on its own sources. Only first derivatives are offered: using a gradient in an
/// operation while a tape that it came from is open is an error; <see cref="Tensor.Detach"/> it to use it as a
/// constant.
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

    /// <summary>Opens a tape on this thread. It follows nothing until something is watched.</summary>
    public GradientTape()
    {
        Parent = _innermost;
        _innermost = this;
    }

    internal static GradientTape? Innermost => _innermost;

    internal GradientTape? Parent { get; }

    internal MemoryScope Scope => _records.Scope;

    /// <summary>Names a tensor as a source: what is computed from it is recorded from now on.</summary>
    /// <param name="tensor">A float32 tensor of any shape.</param>
    /// <returns>The same tensor.</returns>
    /// <exception cref="ArgumentException">The dtype is not float32.</exception>
    public Tensor Watch(Tensor tensor)
    {
        CheckOpen();
        if (tensor.DType != DType.Float32)
        {
            throw new ArgumentException(
                $"GradientTape.Watch: only float32 tensors have gradients (got {tensor.DType}); convert it first",
                nameof(tensor));
        }

        _records.AddSource(tensor);
        return tensor;
    }

    /// <summary>The gradient of a scalar with respect to one source.</summary>
    /// <param name="output">A tensor with one element, computed from the source.</param>
    /// <param name="source">A watched tensor.</param>
    /// <returns>
    /// A tensor of the source's shape; zeros where nothing depends on it. It lives as long as the tape.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// The output depends on no watched tensor, or the source is not watched.
    /// </exception>
    public Tensor Gradient(Tensor output, Tensor source) => Gradient(output, [source])[source];

    /// <summary>The gradients of a scalar with respect to several sources, in one backward pass.</summary>
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

    /// <summary>The vector-Jacobian product of an output of any shape.</summary>
    /// <param name="output">A tensor computed from the source.</param>
    /// <param name="cotangent">Same shape as <paramref name="output"/>.</param>
    /// <param name="source">A watched tensor.</param>
    public Tensor Gradient(Tensor output, Tensor cotangent, Tensor source) =>
        Gradient([(output, cotangent)], [source])[source];

    /// <summary>The summed vector-Jacobian products of several outputs, in one backward pass.</summary>
    /// <param name="outputs">Outputs with their cotangents, each pair of one shape.</param>
    /// <param name="sources">Watched tensors.</param>
    /// <returns>A gradient for each source, of its shape.</returns>
    /// <exception cref="ShapeMismatchException">A cotangent has another shape than its output.</exception>
    /// <exception cref="InvalidOperationException">
    /// No output depends on a watched tensor, a source is not watched, or a recorded value was written since.
    /// </exception>
    public GradientMap Gradient(
        IReadOnlyList<(Tensor Output, Tensor Cotangent)> outputs, IReadOnlyList<Tensor> sources) =>
        Gradient(outputs, sources, ready: null);

    /// <summary>
    /// The summed vector-Jacobian products of several outputs, each gradient reported as soon as it is final.
    /// </summary>
    /// <param name="outputs">Outputs with their cotangents, each pair of one shape.</param>
    /// <param name="sources">Watched tensors.</param>
    /// <param name="ready">
    /// Called once for each source with its index and its gradient, when the rest of the backward pass can no longer
    /// add to it. The order depends only on what was recorded: those used last come first, so work on them overlaps
    /// with the rest of the pass. The tensor is the one that the map holds: read it, do not write it. An exception ends
    /// the pass.
    /// </param>
    /// <inheritdoc cref="Gradient(IReadOnlyList{ValueTuple{Tensor, Tensor}}, IReadOnlyList{Tensor})"/>
    public GradientMap Gradient(
        IReadOnlyList<(Tensor Output, Tensor Cotangent)> outputs, IReadOnlyList<Tensor> sources,
        Action<int, Tensor>? ready)
    {
        CheckOpen();
        GradientMap gradients;
        GradientTape? outer = _innermost;
        _innermost = null;                       // nothing inside a backward pass is recorded
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

        // A gradient depends on the sources too, which no tape has recorded: its use inside one would be silently
        // wrong.
        for (GradientTape? tape = _innermost; tape is not null; tape = tape.Parent)
        {
            tape._records.Forbid(gradients);
        }

        return gradients;
    }

    /// <summary>
    /// The length of each sample's own gradient over all sources together, <c>[N]</c>, from a loss <c>[N]</c> of each
    /// sample.
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

    /// <summary>Closes the tape and returns its memory. Tensors that it recorded can no longer be read.</summary>
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
    /// Whether a gradient will flow to a tensor: a tape has it as a source or recorded it, now or when a section runs
    /// again.
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
                "GradientTape: used on another thread than the one that opened it; open one tape a thread");
        }
    }
}
