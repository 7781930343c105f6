using Temper.Randomness;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Tests.Agents;

/// <summary>Observations come back from the replay buffer as they were stored, in as few bytes as possible.</summary>
public sealed class ReplayBufferTests
{
    private const int Capacity = 4, Length = 3;

    [Theory]
    [InlineData("brick-break")]
    [InlineData("pixel-pong")]
    [InlineData("pixel-sub-hunt")]
    public void Grids_and_pictures_are_stored_exactly_as_bytes(string name)
    {
        using var vector = new VectorEnvironment(() => EnvironmentCatalog.Create(name), 1, RandomStream.FromSeed(1));
        var buffer = new ReplayBuffer(32, vector.ObservationLength, vector.Spec);
        vector.Reset();
        var stored = new List<float[]> { vector.Observations.ToArray() };
        var outcomes = new StepOutcome[1];
        for (int step = 0; step < 32; step++)
        {
            vector.Step([step % 3], outcomes);
            stored.Add(vector.Observations.ToArray());
            buffer.Add(stored[^2], 0, 0, 0, stored[^1]);
        }

        Assert.Equal(DType.UInt8, TypeOf(buffer));
        float[] read = new float[vector.ObservationLength];
        for (int i = 0; i < 32; i++)
        {
            buffer.ReadFirst(i, read);
            Assert.Equal(stored[i], read);
            buffer.ReadLast(i, read);
            Assert.Equal(stored[i + 1], read);
        }
    }

    /// <summary>
    /// Stores six transitions in a buffer of four. The first value that is not a multiple of 1/255 arrives before or
    /// after the buffer is full, in the first or the last observation of its transition.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(9)]
    [InlineData(11)]
    public void A_value_that_is_no_gray_level_is_not_rounded(int first)
    {
        ReplayBuffer buffer = Unit();
        float[][] observations = [.. Enumerable.Range(0, 12).Select(i => i < first ? Gray(i) : Fine(i))];
        for (int i = 0; i < 6; i++)
        {
            buffer.Add(observations[2 * i], i, 0, 0, observations[(2 * i) + 1]);
        }

        Assert.Equal(DType.Float32, TypeOf(buffer));
        AssertHolds(buffer, observations);
        AssertHolds(Restored(buffer), observations);
    }

    [Fact]
    public void Bytes_are_restored_as_bytes()
    {
        ReplayBuffer buffer = Unit();
        float[][] observations = [.. Enumerable.Range(0, 12).Select(Gray)];
        for (int i = 0; i < 6; i++)
        {
            buffer.Add(observations[2 * i], i, 0, 0, observations[(2 * i) + 1]);
        }

        ReplayBuffer restored = Restored(buffer);
        Assert.Equal((DType.UInt8, DType.UInt8), (TypeOf(buffer), TypeOf(restored)));
        AssertHolds(restored, observations);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(1.5f)]
    [InlineData(-0.25f)]
    public void Values_outside_of_the_bounds_are_kept(float value)
    {
        ReplayBuffer buffer = Unit();
        buffer.Add(Gray(1), 0, 0, 0, [value, 0, 1]);
        float[] expected = [value, 0, 1], read = new float[Length];
        buffer.ReadLast(0, read);
        Assert.Equal(expected, read);
    }

    private static ReplayBuffer Unit() => new(Capacity, Length, new EnvironmentSpec
    {
        Name = "unit", ObservationShape = [Length], Minimum = 0, Maximum = 1, Actions = ActionSpace.Discrete(2),
    });

    private static float[] Gray(int i) => [i / 255f, (200 + i) / 255f, 1];

    private static float[] Fine(int i) => [i / 255f, 0.1234f + (0.01f * i), 1e-5f];

    /// <summary>Checks the latest four of six transitions; transition i lies at index i modulo four.</summary>
    private static void AssertHolds(ReplayBuffer buffer, float[][] observations)
    {
        float[] read = new float[Length];
        Assert.Equal(Capacity, buffer.Count);
        for (int i = 2; i < 6; i++)
        {
            Assert.Equal(i, buffer.Actions[i % Capacity]);
            buffer.ReadFirst(i % Capacity, read);
            Assert.Equal(observations[2 * i], read);
            buffer.ReadLast(i % Capacity, read);
            Assert.Equal(observations[(2 * i) + 1], read);
        }
    }

    private static ReplayBuffer Restored(ReplayBuffer buffer)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        buffer.Save(tensors);
        ReplayBuffer restored = Unit();
        restored.Restore(tensors);
        return restored;
    }

    private static DType TypeOf(ReplayBuffer buffer)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        buffer.Save(tensors);
        return tensors["replay.observations"].DType;
    }
}
