using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>Sections of work that the open tapes do not record.</summary>
public sealed partial class GradientTape
{
    [ThreadStatic]
    private static Section? _section;

    [ThreadStatic]
    private static bool _isRecomputing;

    /// <summary>
    /// Whether a section of <see cref="Recompute"/> is running for the second time. Side effects, such as an update of
    /// batch statistics, took place in the first run and must not be repeated.
    /// </summary>
    internal static bool IsRecomputing => _isRecomputing;

    /// <summary>
    /// Stops this thread's open tapes from recording until the returned object is disposed; used, for example, for an
    /// attack or a teacher network inside a loss. Tapes opened inside work as usual. The open tapes treat the results
    /// as constants and do not own their memory: it belongs to the current <see cref="TensorScope"/>, or to the garbage
    /// collector if there is none.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Thrown by <c>Dispose</c> on another thread, or while a tape or scope opened inside is still open.
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
    /// Runs a section of which the open tapes keep only the inputs and the output. The backward pass runs the section
    /// again to compute the intermediate values. This saves their memory at the cost of one more forward pass (gradient
    /// checkpointing).
    /// </summary>
    /// <param name="inputs">
    /// Every tensor used by the section that needs a gradient, parameters included. Other tensors may be used as
    /// constants. None of the inputs may be written before the backward pass is finished.
    /// </param>
    /// <param name="section">
    /// Computes the output from the inputs. It runs twice and must return the same result both times: create random
    /// streams inside it.
    /// </param>
    /// <returns>
    /// The section's output, differentiable with respect to the inputs. Its values are the same as without
    /// recomputation. So are the gradients, up to rounding if an input is used several times.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// The section uses a tensor that an open tape tracks and that is not one of the inputs. In the backward pass: the
    /// output of the second run has a different shape.
    /// </exception>
    public static Tensor Recompute(IReadOnlyList<Tensor> inputs, Func<IReadOnlyList<Tensor>, Tensor> section)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(section);
        return new RecomputeOperation([.. inputs], section).Apply();
    }

    /// <summary>
    /// Throws if the running section uses a tensor that an outer tape tracks and that is not one of its inputs.
    /// </summary>
    internal static void CheckSection(Operation operation)
    {
        if (_section is { } section)
        {
            section.Note(operation);
            foreach (Tensor input in operation.Inputs)
            {
                section.Follows(input);
            }
        }
    }

    /// <summary>
    /// Runs a section that no tape records. Throws if it uses a tensor that an open tape tracks and that is not one of
    /// its inputs.
    /// </summary>
    /// <param name="inputs">The section's inputs.</param>
    /// <param name="section">The section.</param>
    /// <param name="mixesSamples">Whether an operation of the section mixes the samples of a batch.</param>
    internal static Tensor RunUnrecorded(
        Tensor[] inputs, Func<IReadOnlyList<Tensor>, Tensor> section, out bool mixesSamples)
    {
        (GradientTape? tape, Section? outer) = (_innermost, _section);
        var running = new Section(tape, outer, inputs);
        (_innermost, _section) = (null, running);
        try
        {
            Tensor output = section(inputs);
            mixesSamples = running.MixesSamples;
            return output;
        }
        finally
        {
            (_innermost, _section) = (tape, outer);
        }
    }

    /// <summary>Runs a section for the second time, recorded by the tape that the caller opened.</summary>
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

    /// <summary>A section during its unrecorded first run, with the outer tapes and the inputs it may use.</summary>
    private sealed class Section(GradientTape? tapes, Section? outer, Tensor[] inputs)
    {
        /// <summary>Whether an operation of this section, or of one inside, mixes the samples of a batch.</summary>
        internal bool MixesSamples { get; private set; }

        /// <summary>Notes what the tapes cannot see, because they do not record the section's operations.</summary>
        internal void Note(Operation operation)
        {
            if (operation.MixesSamples)
            {
                MixesSamples = true;
                outer?.Note(operation);
            }
        }

        /// <summary>Whether an outer tape or section tracks a tensor.</summary>
        /// <exception cref="InvalidOperationException">
        /// The tensor is tracked but is not one of the section's inputs.
        /// </exception>
        internal bool Follows(Tensor tensor)
        {
            if (!IsFollowedBy(tapes, tensor) && !(outer?.Follows(tensor) ?? false))
            {
                return false;
            }

            return Array.IndexOf(inputs, tensor) >= 0 ? true : throw new InvalidOperationException(
                $"GradientTape.Recompute: the section uses a tensor of shape {tensor.Shape} that a tape tracks and "
                + "that is not among its inputs; add it to the inputs, or its gradient would be lost");
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
                    + "another thread; dispose them in the reverse order of opening");
            }

            _isOver = true;
            (_innermost, _section, _isRecomputing) = (_tape, _outer, _recomputing);
            MemoryScope.Enter(_memory, _backward);
        }
    }
}
