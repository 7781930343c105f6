using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>
/// Provides memory for the tensors that this thread creates outside a tape, so that a loop over large tensors creates
/// no work for the garbage collector. Call <see cref="Reset"/> once per iteration: it releases the memory of all
/// tensors created since the previous call, except those passed to <see cref="Keep"/>.
/// </summary>
/// <remarks>
/// Scopes can be nested; tensors are created in the innermost one. A tape opened inside a scope owns what it records;
/// <see cref="Keep"/> moves a gradient to the scope without copying it. Reading a tensor whose memory was released
/// throws <see cref="ObjectDisposedException"/>. Call <see cref="Tensor.Detach"/> on a tensor that must outlive the
/// scope. A scope belongs to the thread that opened it.
/// </remarks>
/// <example><code>
/// using var scope = new TensorScope();
/// Tensor x = images;
/// for (int step = 0; step &lt; steps; step++)
/// {
///     x = scope.Keep(ball.SignStep(x, Gradient(x), size));     // the previous x is released by Reset
///     scope.Reset();
/// }
///
/// return x.Detach();
/// </code></example>
public sealed class TensorScope : IDisposable
{
    private readonly MemoryScope? _outer = MemoryScope.Rented;
    private readonly MemoryScope? _before = MemoryScope.Current;
    private readonly bool _isBackward = MemoryScope.IsBackward;
    private readonly GradientTape? _tape = GradientTape.Innermost;
    private readonly int _thread = Environment.CurrentManagedThreadId;

    /// <summary>Owner of the tensors created in this iteration.</summary>
    private readonly MemoryScope _round;

    /// <summary>Owners of the tensors kept for the next iteration, and of those kept for this one.</summary>
    private MemoryScope _next, _kept;
    private bool _isClosed;

    /// <summary>
    /// Opens a scope on this thread. It provides the memory of tensors that the garbage collector would own otherwise.
    /// </summary>
    public TensorScope()
    {
        (_next, _kept, _round) = (MemoryScope.Open(), MemoryScope.Open(), MemoryScope.Open());
        MemoryScope.Rented = _round;
        MemoryScope.Enter(_round);
    }

    /// <summary>
    /// Keeps a tensor's memory through the next <see cref="Reset"/>. A tensor needed for longer must be kept again in
    /// each iteration.
    /// </summary>
    /// <param name="x">
    /// A tensor that this scope rented or kept, or a tensor of a tape or scope opened inside, whose memory this scope
    /// takes over. Any other tensor already lives longer and is not changed.
    /// </param>
    /// <returns>The same tensor.</returns>
    /// <exception cref="ObjectDisposedException">
    /// The tensor's memory has been released, or the scope is closed.
    /// </exception>
    public Tensor Keep(Tensor x)
    {
        CheckOpen();
        ArgumentNullException.ThrowIfNull(x);
        x.Storage.RequireMemory();
        if (x.Storage.Owner is { } owner && (owner == _kept || owner.ClosesBefore(_next)))
        {
            x.MoveTo(_next);
        }

        return x;
    }

    /// <summary>Releases the tensors created since the last call, except those kept since then.</summary>
    /// <exception cref="ObjectDisposedException">The scope is closed.</exception>
    public void Reset()
    {
        CheckOpen();
        _round.Reset();
        _kept.Reset();
        (_next, _kept) = (_kept, _next);
    }

    /// <summary>Releases all tensors, including kept ones.</summary>
    /// <exception cref="InvalidOperationException">
    /// A scope or tape opened inside is still open, or this is another thread.
    /// </exception>
    public void Dispose()
    {
        if (_isClosed)
        {
            return;
        }

        CheckThread();
        if (MemoryScope.Rented != _round || GradientTape.Innermost != OpenTape())
        {
            throw new InvalidOperationException(
                "TensorScope: a scope or a tape that was opened inside is still open; close them in the reverse order "
                + "of opening");
        }

        _isClosed = true;
        MemoryScope.Rented = _outer;
        MemoryScope.Enter(_before, _isBackward);
        _round.Dispose();
        _kept.Dispose();
        _next.Dispose();
    }

    /// <summary>
    /// The innermost tape that was open when this scope was opened and still is; null: there is none. A tape may be
    /// closed before a scope that was opened inside.
    /// </summary>
    private GradientTape? OpenTape()
    {
        GradientTape? tape = _tape;
        while (tape is { IsClosed: true })
        {
            tape = tape.Parent;
        }

        return tape;
    }

    private void CheckOpen()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        CheckThread();
    }

    private void CheckThread()
    {
        if (_thread != Environment.CurrentManagedThreadId)
        {
            throw new InvalidOperationException(
                "TensorScope: used on another thread than the one that opened it; open one scope per thread");
        }
    }
}
