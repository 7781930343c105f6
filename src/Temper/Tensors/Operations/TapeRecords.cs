using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>
/// What a tape has recorded: operations in the order in which they ran, each tensor with its place in that order.
/// </summary>
/// <remarks>
/// The lists are used again by the thread's next tape, so that a training step does not allocate them.
/// </remarks>
internal sealed class TapeRecords
{
    private const int Forbidden = -2;

    [ThreadStatic]
    private static Stack<TapeRecords>? _spare;

    private readonly Dictionary<Tensor, int> _indices = new(ReferenceEqualityComparer.Instance);
    private readonly List<TapeRecord> _records = [];

    /// <summary>Owns what is recorded, while the tape is open.</summary>
    internal MemoryScope Scope { get; private set; } = MemoryScope.Open();

    internal int Count => _records.Count;

    internal TapeRecord this[int index] => _records[index];

    internal static TapeRecords Rent()
    {
        if (_spare is not { Count: > 0 })
        {
            return new TapeRecords();
        }

        TapeRecords records = _spare.Pop();
        records.Scope = MemoryScope.Open();
        return records;
    }

    /// <summary>The index of a tensor in the order of recording; -1 for one that depends on no source.</summary>
    internal int IndexOf(Tensor tensor) => _indices.GetValueOrDefault(tensor, -1);

    internal void AddSource(Tensor tensor)
    {
        if (IndexOf(tensor) < 0)
        {
            _indices[tensor] = _records.Count;
            _records.Add(new TapeRecord(Operation: null, tensor, [], Versions: 0));
        }
    }

    internal void Add(Operation operation, Tensor output)
    {
        Tensor[] inputs = operation.Inputs;
        int[] indices = new int[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
        {
            indices[i] = IndexOf(inputs[i]);
        }

        _indices[output] = _records.Count;
        _records.Add(new TapeRecord(operation, output, indices, VersionsOf(inputs)));
    }

    /// <summary>Whether an input depends on a source.</summary>
    /// <exception cref="InvalidOperationException">An input is itself a gradient of this tape.</exception>
    internal bool Follows(Operation operation)
    {
        bool follows = false;
        foreach (Tensor input in operation.Inputs)
        {
            int index = IndexOf(input);
            if (index == Forbidden)
            {
                throw new InvalidOperationException(
                    $"{operation.Name}: a gradient through a gradient is not offered; Detach() the gradient to use it "
                    + "as a constant");
            }

            follows |= index >= 0;
        }

        return follows;
    }

    /// <summary>Marks gradients, so that their use in an operation of this tape is an error.</summary>
    internal void Forbid(GradientMap gradients)
    {
        foreach (Tensor gradient in gradients.Gradients)
        {
            _indices.TryAdd(gradient, Forbidden);
        }
    }

    /// <summary>Throws when a value that this record saved has been written since.</summary>
    internal static void CheckUnchanged(TapeRecord record)
    {
        if (VersionsOf(record.Operation!.Inputs) != record.Versions)
        {
            throw new InvalidOperationException(
                $"GradientTape.Gradient: an input of {record.Operation.Name} was written after it was recorded; ask "
                + "for gradients before updating parameters");
        }
    }

    /// <summary>Returns the memory and keeps the lists for the next tape of this thread.</summary>
    internal void Recycle()
    {
        Scope.Dispose();
        _indices.Clear();
        _records.Clear();
        (_spare ??= new Stack<TapeRecords>()).Push(this);
    }

    private static int VersionsOf(Tensor[] inputs)
    {
        int sum = 0;
        foreach (Tensor input in inputs)
        {
            sum += input.Storage.Version;
        }

        return sum;
    }
}

/// <summary>One recorded operation, or a source where <paramref name="Operation"/> is null.</summary>
/// <param name="Operation">What was applied.</param>
/// <param name="Output">The value.</param>
/// <param name="Inputs">Indices of the inputs; -1 for one that depends on no source.</param>
/// <param name="Versions">Sum of the inputs' write counts when it was recorded.</param>
internal readonly record struct TapeRecord(Operation? Operation, Tensor Output, int[] Inputs, int Versions);
