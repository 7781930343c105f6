using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>
/// Lends memory to the tensors that this thread makes outside a tape, so that a loop over large tensors leaves nothing
/// to the garbage collector. <see cref="Reset"/>, called once a round, takes the memory of everything back except for
/// what was kept in that round.
/// </summary>
/// <remarks>
/// Scopes nest; the innermost one rents. Tapes work inside: what they record is theirs, and <see cref="Keep"/> takes a
/// gradient over without copying it. Reading a tensor whose memory went back throws
/// <see cref="ObjectDisposedException"/>. To let a tensor outlive the scope, <see cref="Tensor.Detach"/> it. A scope
/// belongs to the thread that opened it.
/// </remarks>
/// <example><code>
/// using var scope = new TensorScope();
/// Tensor x = images;
/// for (int step = 0; step &lt; steps; step++)
/// {
///     x = scope.Keep(ball.SignStep(x, Gradient(x), size));     // the one before goes back at the next Reset
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

    /// <summary>What this round made.</summary>
    private readonly MemoryScope _round;

    /// <summary>What is kept for the next round, and what was kept for this one.</summary>
    private MemoryScope _next, _kept;
    private bool _isClosed;

    /// <summary>
    /// Opens a scope on this thread: from now on it rents the memory that would belong to the garbage collector.
    /// </summary>
    public TensorScope()
    {
        (_next, _kept, _round) = (MemoryScope.Open(), MemoryScope.Open(), MemoryScope.Open());
        MemoryScope.Rented = _round;
        MemoryScope.Enter(_round);
    }

    /// <summary>
    /// Keeps a tensor's memory through the next <see cref="Reset"/>; what a loop needs for longer is kept in each
    /// round.
    /// </summary>
    /// <param name="x">
    /// A tensor that this scope rented or kept, or one of a tape or scope inside, whose memory it takes over. Any other
    /// lives longer already.
    /// </param>
    /// <returns>The same tensor.</returns>
    /// <exception cref="ObjectDisposedException">
    /// The tensor's memory is back already, or the scope is closed.
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

    /// <summary>Takes back what was rented since the last call, except for what was kept since.</summary>
    /// <exception cref="ObjectDisposedException">The scope is closed.</exception>
    public void Reset()
    {
        CheckOpen();
        _round.Reset();
        _kept.Reset();
        (_next, _kept) = (_kept, _next);
    }

    /// <summary>Takes everything back, kept tensors too.</summary>
    /// <exception cref="InvalidOperationException">
    /// A scope or a tape that was opened inside is still open, or this is another thread.
    /// </exception>
    public void Dispose()
    {
        if (_isClosed)
        {
            return;
        }

        CheckThread();
        if (MemoryScope.Rented != _round || GradientTape.Innermost != _tape)
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
