using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>Operations recorded by a tape, in execution order, and the index of each recorded tensor.</summary>
/// <remarks>The next tape of this thread reuses the lists, so that a training step does not allocate them.</remarks>
internal sealed class TapeRecords
{
    private const int Forbidden = -2;

    [ThreadStatic]
    private static Stack<TapeRecords>? _spare;

    private readonly Dictionary<Tensor, int> _indices = new(ReferenceEqualityComparer.Instance);
    private readonly List<TapeRecord> _records = [];

    /// <summary>Owner of the recorded tensors while the tape is open.</summary>
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

    /// <summary>Returns the index of a tensor's record; -1 if it depends on no source.</summary>
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

    /// <summary>Whether an input of the operation depends on a source.</summary>
    /// <exception cref="InvalidOperationException">An input is a gradient computed by this tape.</exception>
    internal bool Follows(Operation operation)
    {
        bool follows = false;
        foreach (Tensor input in operation.Inputs)
        {
            int index = IndexOf(input);
            if (index == Forbidden)
            {
                throw new InvalidOperationException(
                    $"{operation.Name}: second derivatives are not supported; Detach() the gradient to use it "
                    + "as a constant");
            }

            follows |= index >= 0;
        }

        return follows;
    }

    /// <summary>Marks gradients, so that using them in an operation on this tape is an error.</summary>
    internal void Forbid(GradientMap gradients)
    {
        foreach (Tensor gradient in gradients.Gradients)
        {
            _indices.TryAdd(gradient, Forbidden);
        }
    }

    /// <summary>Throws if an input of the operation has been written since it was recorded.</summary>
    internal static void CheckUnchanged(TapeRecord record)
    {
        if (VersionsOf(record.Operation!.Inputs) != record.Versions)
        {
            throw new InvalidOperationException(
                $"GradientTape.Gradient: an input of {record.Operation.Name} was written after it was recorded; "
                + "compute gradients before updating parameters");
        }
    }

    /// <summary>Releases the memory and keeps the lists for the next tape of this thread.</summary>
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

/// <summary>A recorded operation, or a source if <paramref name="Operation"/> is null.</summary>
/// <param name="Operation">The operation; null: the record is a source.</param>
/// <param name="Output">The result of the operation, or the source.</param>
/// <param name="Inputs">Indices of the inputs' records; -1 for an input that depends on no source.</param>
/// <param name="Versions">Sum of the inputs' write counts at the time of recording.</param>
internal readonly record struct TapeRecord(Operation? Operation, Tensor Output, int[] Inputs, int Versions);
