using System.Globalization;
using Temper.Kernels;
using Temper.Tensors;
using Temper.Tensors.Memory;

namespace Temper.Inference;

/// <summary>
/// Memory of a session: the slots that buffers share, the address of each buffer, and the results of operators.
/// </summary>
internal sealed class SessionMemory : IDisposable
{
    /// <summary>Padding after each slot, in floats, because kernels may read one vector beyond an image.</summary>
    private const int SpareFloats = 64;

    /// <summary>Maximum number of floats of all slots: they share one array.</summary>
    private static readonly long MaxFloats = Array.MaxLength - SpareFloats;

    private ExecutionPlan? _plan;
    private int _batch;

    /// <summary>The plan whose constants are stored; null: none.</summary>
    private ExecutionPlan? _filled;
    private PinnedFloats? _floats;
    private FloatAddress[] _addresses = [];
    private Tensor?[] _tensors = [];
    private OperatorScratch _scratch = new([], []);

    /// <summary>Results of operators in this run.</summary>
    private MemoryScope? _made;

    internal ExecutionPlan Plan => _plan!;

    internal ReadOnlySpan<FloatAddress> Addresses => _addresses;

    /// <summary>Tensors of the run, by buffer.</summary>
    internal Span<Tensor?> Tensors => _tensors;

    /// <summary>Reserves memory for a plan and a batch. Allocates only if more memory is needed than before.</summary>
    internal void Fit(ExecutionPlan plan, int batch)
    {
        if (plan == _plan && batch == _batch)
        {
            return;
        }

        (_plan, _batch) = (plan, -1);
        int slots = plan.Slots.Length == 0 ? 0 : plan.Slots.Max() + 1;
        Span<long> starts = slots <= 256 ? stackalloc long[slots + 1] : new long[slots + 1];
        starts.Clear();
        for (int i = 0; i < plan.Slots.Length; i++)
        {
            if (plan.Slots[i] >= 0)
            {
                ref long size = ref starts[plan.Slots[i] + 1];
                size = Math.Max(size, plan.Buffers[i].Floats(batch));
            }
        }

        for (int slot = 0; slot < slots; slot++)
        {
            starts[slot + 1] = starts[slot] + ((starts[slot + 1] + SpareFloats + 15) / 16 * 16);
        }

        if (starts[slots] > MaxFloats)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"InferenceSession.Run: the batch is too large (got {batch} samples, which need {starts[slots]:N0} "
                + $"floats of memory, expected at most {MaxFloats:N0}); run fewer samples at a time"));
        }

        Rent(plan, starts);
        FillConstants(plan, batch);

        // Set last: if an allocation fails, the next call must try again.
        _batch = batch;
    }

    /// <summary>Gives each value its memory; a slot ends where the next one starts.</summary>
    private void Rent(ExecutionPlan plan, ReadOnlySpan<long> starts)
    {
        if (_floats is null || _floats.Count < starts[^1])
        {
            (_floats, _filled) = (new PinnedFloats(starts[^1]), null);
        }

        if (_addresses.Length < plan.Slots.Length)
        {
            _addresses = new FloatAddress[plan.Slots.Length];
            _tensors = new Tensor?[plan.Slots.Length];
        }

        for (int i = 0; i < plan.Slots.Length; i++)
        {
            if (plan.Slots[i] >= 0)
            {
                Rent(i, _floats.Address + starts[plan.Slots[i]]);
            }
        }
    }

    /// <summary>Begins a run and releases the operators' results of the previous run.</summary>
    internal void Begin() => _made?.Reset();

    /// <summary>Runs a step of the plan and releases the buffers that no later step reads.</summary>
    internal void Run(int index)
    {
        PlannedStep step = _plan!.Steps[index];
        step.Step.Run(new StepCall(step, _batch, this));
        foreach (int buffer in _plan.Releases[index])
        {
            ref Tensor? tensor = ref _tensors[buffer];
            if (tensor is { Storage.Owner: { } owner } && owner == _made)
            {
                tensor.Storage.Return();
            }

            tensor = null;
        }
    }

    /// <summary>Keeps an operator's result as a buffer until the last step that reads it, or the next run.</summary>
    internal void Hold(int buffer, Tensor result)
    {
        if (result.Storage.Owner is not null)
        {
            result.MoveTo(_made ??= MemoryScope.Open());
        }

        _tensors[buffer] = result;
        if (_plan!.Buffers[buffer].Layout.Kind != LayoutKind.Tensor)
        {
            Rent(buffer, result.Address);
        }
    }

    /// <summary>Returns the arrays for an operator's tensors.</summary>
    internal OperatorScratch ScratchForOperators(int values, int width)
    {
        if (_scratch.Values.Length < values || _scratch.Tensors.Length < width)
        {
            _scratch = new OperatorScratch(new Tensor?[Math.Max(values, _scratch.Values.Length)], new Tensor[Math.Max(
                width, _scratch.Tensors.Length)]);
        }

        return _scratch;
    }

    /// <summary>Releases the operators' results.</summary>
    public void Dispose()
    {
        _made?.Dispose();
        _made = null;
    }

    private void FillConstants(ExecutionPlan plan, int batch)
    {
        if (plan == _filled)
        {
            return;
        }

        Array.Clear(_tensors);
        foreach (PlannedStep step in plan.Setup)
        {
            step.Step.Run(new StepCall(step, batch, this));
        }

        _filled = plan;
    }

    /// <summary>Sets the address of a buffer and of its aliases.</summary>
    internal void Rent(int buffer, FloatAddress address)
    {
        _addresses[buffer] = address;
        PlannedBuffer[] buffers = _plan!.Buffers;
        for (int i = buffer + 1; i < buffers.Length; i++)
        {
            if (buffers[i].AliasOf >= 0)
            {
                _addresses[i] = _addresses[buffers[i].AliasOf];
            }
        }
    }
}
