using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Ring buffer of the latest transitions. Observations are read exactly as they were written. Those with bounds 0 and 1
/// are stored as bytes as long as every value is a multiple of 1/255, as in grids and gray images; the first other
/// value changes the storage to floats. Those with other bounds are stored as floats from the start.
/// </summary>
internal sealed class ReplayBuffer
{
    private readonly int _capacity, _length;
    private byte[]? _bytes;
    private float[]? _floats;

    internal ReplayBuffer(int capacity, int observationLength, EnvironmentSpec spec)
    {
        (_capacity, _length) = (capacity, observationLength);
        bool isUnit = spec.Minimum == 0 && spec.Maximum == 1;
        long numbers = 2L * capacity * observationLength;
        if (numbers > Array.MaxLength)
        {
            throw new ArgumentException($"replay: {capacity} transitions of {observationLength} numbers do not fit in "
                + "one array; use a smaller buffer");
        }

        (_bytes, _floats) = isUnit ? (new byte[numbers], null) : ((byte[]?)null, new float[numbers]);
        (Actions, Rewards, Discounts) = (new float[capacity], new float[capacity], new float[capacity]);
    }

    internal int Count { get; private set; }

    internal float[] Actions { get; }

    /// <summary>Discounted reward sum of each transition.</summary>
    internal float[] Rewards { get; }

    /// <summary>
    /// Factor on the value of each transition's last observation: gamma to the power of the number of steps, or 0 if
    /// the episode terminated.
    /// </summary>
    internal float[] Discounts { get; }

    /// <summary>Index at which the next transition is stored.</summary>
    private int Next { get; set; }

    internal void Add(ReadOnlySpan<float> first, float action, float reward, float discount, ReadOnlySpan<float> last)
    {
        Write(2 * Next, first);
        Write((2 * Next) + 1, last);
        (Actions[Next], Rewards[Next], Discounts[Next]) = (action, reward, discount);
        Next = (Next + 1) % _capacity;
        Count = Math.Min(Count + 1, _capacity);
    }

    internal void ReadFirst(int transition, Span<float> observation) => Read(2 * transition, observation);

    internal void ReadLast(int transition, Span<float> observation) => Read((2 * transition) + 1, observation);

    internal void Save(Dictionary<string, Tensor> tensors)
    {
        int used = 2 * Count * _length;
        tensors["replay.observations"] = _bytes is not null
            ? Tensor.From(_bytes.AsSpan(0, used), [used])
            : Tensor.From(_floats.AsSpan(0, used), [used]);
        tensors["replay.actions"] = Tensor.From(Actions.AsSpan(0, Count), [Count]);
        tensors["replay.rewards"] = Tensor.From(Rewards.AsSpan(0, Count), [Count]);
        tensors["replay.discounts"] = Tensor.From(Discounts.AsSpan(0, Count), [Count]);
        tensors["replay.next"] = Tensor.From([(long)Next], [1]);
    }

    internal void Restore(IReadOnlyDictionary<string, Tensor> tensors)
    {
        Tensor observations = tensors["replay.observations"];
        if (observations.DType == DType.Float32)
        {
            _floats ??= new float[_bytes!.Length];
            _bytes = null;
            observations.AsSpan<float>().CopyTo(_floats);
        }
        else
        {
            observations.AsSpan<byte>().CopyTo(_bytes);
        }

        tensors["replay.actions"].AsSpan<float>().CopyTo(Actions);
        tensors["replay.rewards"].AsSpan<float>().CopyTo(Rewards);
        tensors["replay.discounts"].AsSpan<float>().CopyTo(Discounts);
        (Count, Next) = (tensors["replay.actions"].Count, (int)tensors["replay.next"].AsSpan<long>()[0]);
    }

    private void Write(int index, ReadOnlySpan<float> observation)
    {
        if (_bytes is not null && !TryPack(observation, _bytes.AsSpan(index * _length, _length)))
        {
            // The transition being written is not counted yet.
            int used = 2 * Math.Min(Count + 1, _capacity) * _length;
            _floats = new float[_bytes.Length];
            Unpack(_bytes.AsSpan(0, used), _floats);
            _bytes = null;
        }

        if (_floats is not null)
        {
            observation.CopyTo(_floats.AsSpan(index * _length));
        }
    }

    private void Read(int index, Span<float> observation)
    {
        if (_bytes is not null)
        {
            Unpack(_bytes.AsSpan(index * _length, _length), observation);
        }
        else
        {
            _floats.AsSpan(index * _length, _length).CopyTo(observation);
        }
    }

    /// <summary>Stores values as bytes in steps of 1/255.</summary>
    /// <returns>False if a value is not such a step; the bytes are then undefined.</returns>
    private static bool TryPack(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)Math.Clamp((values[i] * 255) + 0.5f, 0, byte.MaxValue);
            if (bytes[i] / 255f != values[i])
            {
                return false;
            }
        }

        return true;
    }

    private static void Unpack(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            values[i] = bytes[i] / 255f;
        }
    }
}
