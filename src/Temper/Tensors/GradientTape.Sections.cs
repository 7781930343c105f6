using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>Stretches of work that the open tapes do not record.</summary>
public sealed partial class GradientTape
{
    [ThreadStatic]
    private static Section? _section;

    [ThreadStatic]
    private static bool _isRecomputing;

    /// <summary>
    /// Whether a section of <see cref="Recompute"/> runs for the second time: what it reports to others beside its
    /// output, such as batch statistics, has been reported before.
    /// </summary>
    internal static bool IsRecomputing => _isRecomputing;

    /// <summary>
    /// Keeps this thread's open tapes from recording until the result is disposed: for an attack or a teacher inside a
    /// loss. Tapes that are opened inside work as usual. What is computed inside is a constant to the tapes outside,
    /// and its memory is not theirs: it belongs to the garbage collector or to the current <see cref="TensorScope"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// When it is disposed: on another thread, or while a tape opened inside is still open.
    /// </exception>
    /// <example><code>
    /// using var tape = new GradientTape();
    /// tape.Watch(weight);
    /// Tensor target;
    /// using (GradientTape.Suspend())
    /// {
    ///     target = teacher.Forward(images).Softmax();
    /// }
    /// </code></example>
    public static IDisposable Suspend() => new Suspension();

    /// <summary>
    /// Runs a section of work of which the open tapes keep only the inputs and the output; the backward pass runs it
    /// again to get what the gradient needs. This trades the time of one more forward pass for the memory of the values
    /// between.
    /// </summary>
    /// <param name="inputs">
    /// Every tensor on which gradients depend that the section uses, parameters included. Others may be used as
    /// constants. None of them may be written before the backward pass is over.
    /// </param>
    /// <param name="section">
    /// Gives the output from the inputs. It runs twice, so it must give the same both times: random numbers from a
    /// stream made inside.
    /// </param>
    /// <returns>
    /// The section's output, differentiable with respect to the inputs. Values are the same as without; so are
    /// gradients, up to rounding where an input is used several times.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// The section uses a tensor that a tape follows and that is not among the inputs. In the backward pass: the output
    /// has another shape than the first time.
    /// </exception>
    public static Tensor Recompute(IReadOnlyList<Tensor> inputs, Func<IReadOnlyList<Tensor>, Tensor> section)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(section);
        return new RecomputeOperation([.. inputs], section).Apply();
    }

    /// <summary>Throws where a section uses what a tape outside follows without having named it.</summary>
    internal static void CheckSection(Operation operation)
    {
        if (_section is { } section)
        {
            foreach (Tensor input in operation.Inputs)
            {
                section.Follows(input);
            }
        }
    }

    /// <summary>
    /// Runs a section that no tape records, watching that it uses nothing but its inputs of what the open tapes follow.
    /// </summary>
    internal static Tensor RunUnrecorded(Tensor[] inputs, Func<IReadOnlyList<Tensor>, Tensor> section)
    {
        (GradientTape? tape, Section? outer) = (_innermost, _section);
        (_innermost, _section) = (null, new Section(tape, outer, inputs));
        try
        {
            return section(inputs);
        }
        finally
        {
            (_innermost, _section) = (tape, outer);
        }
    }

    /// <summary>Runs a section for the second time, on a tape of its own.</summary>
    internal static Tensor RunAgain(Tensor[] inputs, Func<IReadOnlyList<Tensor>, Tensor> section)
    {
        bool before = _isRecomputing;
        _isRecomputing = true;
        try
        {
            return section(inputs);
        }
        finally
        {
            _isRecomputing = before;
        }
    }

    /// <summary>A section while it runs unrecorded: the tapes outside of it and what it may use of theirs.</summary>
    private sealed class Section(GradientTape? tapes, Section? outer, Tensor[] inputs)
    {
        /// <summary>Whether a gradient will flow to a tensor outside of the section.</summary>
        /// <exception cref="InvalidOperationException">It will, and the section has not named it.</exception>
        internal bool Follows(Tensor tensor)
        {
            if (!IsFollowedBy(tapes, tensor) && !(outer?.Follows(tensor) ?? false))
            {
                return false;
            }

            return Array.IndexOf(inputs, tensor) >= 0 ? true : throw new InvalidOperationException(
                $"GradientTape.Recompute: the section uses a tensor of shape {tensor.Shape} that a tape follows and "
                + "that is not among its "
                + "inputs; name it there, or its gradient would be lost");
        }
    }

    private sealed class Suspension : IDisposable
    {
        private readonly GradientTape? _tape = _innermost;
        private readonly Section? _outer = _section;
        private readonly bool _recomputing = _isRecomputing;
        private readonly MemoryScope? _memory = MemoryScope.Current;
        private readonly MemoryScope? _rented = MemoryScope.Rented;
        private readonly bool _backward = MemoryScope.IsBackward;
        private readonly int _thread = Environment.CurrentManagedThreadId;
        private bool _isOver;

        internal Suspension()
        {
            (_innermost, _section, _isRecomputing) = (null, null, false);
            MemoryScope.Enter(_rented);
        }

        public void Dispose()
        {
            if (_isOver)
            {
                return;
            }

            if (_thread != Environment.CurrentManagedThreadId
                || _innermost is not null || MemoryScope.Current != _rented)
            {
                throw new InvalidOperationException(
                    "GradientTape.Suspend: a tape or a TensorScope that was opened inside is still open, or this is "
                    + "another thread; end in the reverse order");
            }

            _isOver = true;
            (_innermost, _section, _isRecomputing) = (_tape, _outer, _recomputing);
            MemoryScope.Enter(_memory, _backward);
        }
    }
}
