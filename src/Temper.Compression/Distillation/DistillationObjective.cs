using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Compression.Distillation;

/// <summary>
/// Knowledge distillation (arXiv:1503.02531): trains on the labels and on the outputs of a teacher, usually the
/// original network: <c>(1 - weight) loss + weight T² KL(softmax(teacher / T) ‖ softmax(student / T))</c>.
/// </summary>
/// <param name="Teacher">Network that computes logits <c>[N, K]</c> from the student's inputs; not changed.</param>
/// <param name="Loss">Loss of the student's output and the labels.</param>
/// <remarks>
/// With a weight of 1 the labels are not used. Teacher and student must return logits: of networks that may end with a
/// softmax, use <see cref="Network.WithoutFinalSoftmax"/>.
/// </remarks>
public sealed record DistillationObjective(Network Teacher, TrainingLoss Loss) : Objective
{
    /// <summary>Weight of the teacher's term, 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public float Weight
    {
        get;
        init => field = value is >= 0 and <= 1 ? value : throw OutOfRange(nameof(Weight), value, "0 to 1");
    } = 0.5f;

    /// <summary>
    /// Temperature T that softens the teacher's probabilities, above 0. Small data sets benefit from 2 to 5.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not above 0 or not finite.</exception>
    public float Temperature
    {
        get;
        init => field = value is > 0 and < float.PositiveInfinity
            ? value
            : throw OutOfRange(nameof(Temperature), value, "a finite number above 0");
    } = 2;

    /// <summary>
    /// Fraction of the samples of a batch that is blended with other samples of the batch, 0 to 1:
    /// <c>x' = u x + (1 - u) y</c> with u uniform in 0 to 1 for each sample. The student then also learns the teacher's
    /// outputs between the training samples, which can help if these are few (mixup, arXiv:1710.09412, as used for
    /// distillation in arXiv:2106.05237). Needs a <see cref="Weight"/> of 1, because blended samples have no label.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public double Mixup
    {
        get;
        init => field = value is >= 0 and <= 1 ? value : throw OutOfRange(nameof(Mixup), value, "0 to 1");
    }

    /// <inheritdoc/>
    public override TrainingLoss? LabelLoss => Weight < 1 ? Loss : null;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException"><see cref="Mixup"/> is used with labels.</exception>
    public override Batch Prepare(Network network, Batch batch, RandomStream stream)
    {
        // Not checked when it is set, because the weight may be set later.
        if (Mixup > 0 && Weight < 1)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"distillation: mixup needs a weight of 1, because blended samples have no label (got mixup {Mixup} "
                + $"with weight {Weight}, expected weight 1); set the weight to 1 or mixup to 0"));
        }

        Tensor inputs = batch.Inputs;
        int count = inputs.Shape[0], blended = (int)Math.Round(Mixup * count);
        if (blended == 0)
        {
            return batch;
        }

        long[] partners = [.. Enumerable.Range(0, count).Select(i => (long)i)];
        stream.Split("partners").Shuffle(partners.AsSpan());

        // The loader shuffles the samples, so it does not matter which rows are blended.
        float[] parts = new float[count];
        stream.Split("parts").FillUniform(parts, 0, 1);
        parts.AsSpan(blended).Fill(1);
        Tensor partner = inputs.IndexSelect(0, Tensor.From(partners, [count])),
            part = Tensor.From(parts, [count, .. Enumerable.Repeat(1, inputs.Shape.Rank - 1)]);
        return batch with { Inputs = (part * inputs) + (part.Affine(-1, 1) * partner) };
    }

    /// <inheritdoc/>
    public override ObjectiveValue Value(Network network, Pass pass, Batch batch)
    {
        float factor = Weight * Temperature * Temperature / batch.Inputs.Shape[0];
        Tensor wanted, negativeEntropy;
        using (GradientTape.Suspend())
        {
            Tensor scaled = Teacher.Forward(batch.Inputs).Affine(1 / Temperature, 0);
            wanted = scaled.Softmax();
            negativeEntropy = (wanted * scaled.LogSoftmax()).Sum().Affine(factor, 0);
        }

        Tensor output = network.Forward(batch.Inputs, pass);
        Tensor crossEntropy = (wanted * output.Affine(1 / Temperature, 0).LogSoftmax()).Sum().Affine(-factor, 0);
        Tensor loss =
            Weight >= 1 ? crossEntropy : Loss.Value(output, batch.Targets).Affine(1 - Weight, 0) + crossEntropy;

        // The divergence is the cross-entropy minus the teacher's entropy, which is constant: it adds no gradient.
        loss += negativeEntropy;
        return new ObjectiveValue(loss, Mixup > 0 ? null : output);
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => new JsonObject
    {
        ["weight"] = Weight, ["temperature"] = Temperature, ["mixup"] = Mixup,
        ["loss"] = Fingerprints.Of(Loss), ["teacher"] = Hash(Teacher),
    };

    private static ArgumentOutOfRangeException OutOfRange(string name, IFormattable got, string expected) => new(
        name, string.Create(
            CultureInfo.InvariantCulture, $"distillation: {name} is out of range (got {got}, expected {expected})"));

    /// <summary>Identifies teachers by a hash of their graph, parameters and buffers.</summary>
    private static string Hash(Network network)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(network.WithMetadata([]).ToJson()));
        foreach (Parameter parameter in network.Parameters)
        {
            hash.AppendData(MemoryMarshal.AsBytes(parameter.Value.AsSpan<float>()));
        }

        foreach (Tensor buffer in network.Buffers.Values)
        {
            hash.AppendData(buffer.DType == DType.Float32
                ? MemoryMarshal.AsBytes(buffer.AsSpan<float>())
                : MemoryMarshal.AsBytes(buffer.To(DType.Int64).AsSpan<long>()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
