using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
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
/// <remarks>With a weight of 1 the labels are not used.</remarks>
public sealed record DistillationObjective(Network Teacher, TrainingLoss Loss) : Objective
{
    /// <summary>Weight of the teacher's term, 0 to 1.</summary>
    public float Weight { get; init; } = 0.5f;

    /// <summary>
    /// Temperature T that softens the teacher's probabilities, above 0. Small data sets benefit from 2 to 5.
    /// </summary>
    public float Temperature { get; init; } = 2;

    /// <summary>
    /// Fraction of the samples of a batch that is blended with other samples of the batch, 0 to 1:
    /// <c>x' = u x + (1 - u) y</c> with u uniform in 0 to 1 for each sample. The student then also learns the teacher's
    /// outputs between the training samples, which can help if these are few (mixup, arXiv:1710.09412, as used for
    /// distillation in arXiv:2106.05237). Needs a <see cref="Weight"/> of 1, because blended samples have no label.
    /// </summary>
    public double Mixup { get; init; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException"><see cref="Mixup"/> is used with labels, or out of range.</exception>
    public override Batch Prepare(Network network, Batch batch, RandomStream stream)
    {
        if (Mixup is not (>= 0 and <= 1) || (Mixup > 0 && Weight < 1))
        {
            throw new ArgumentException(
                $"distillation: invalid mixup (got mixup {Mixup} with weight {Weight}, expected 0 to 1, and weight 1 "
                + "if above 0); set the weight to 1 or mixup to 0");
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
        Tensor wanted;
        using (GradientTape.Suspend())
        {
            wanted = Teacher.Forward(batch.Inputs).Affine(1 / Temperature, 0).Softmax();
        }

        Tensor output = network.Forward(batch.Inputs, pass);

        // The teacher's entropy is constant and is left out of the loss.
        Tensor towardsTeacher = (wanted * output.Affine(1 / Temperature, 0).LogSoftmax())
            .Sum().Affine(-Weight * Temperature * Temperature / batch.Inputs.Shape[0], 0);
        Tensor loss =
            Weight >= 1 ? towardsTeacher : Loss.Value(output, batch.Targets).Affine(1 - Weight, 0) + towardsTeacher;
        return new ObjectiveValue(loss, Mixup > 0 ? null : output);
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => new JsonObject
    {
        ["weight"] = Weight, ["temperature"] = Temperature, ["mixup"] = Mixup,
        ["loss"] = Optimization.Fingerprints.Of(Loss), ["teacher"] = Hash(Teacher),
    };

    /// <summary>Identifies teachers by a hash of all their weights (FNV-1a).</summary>
    private static string Hash(Network network)
    {
        ulong hash = 14695981039346656037;
        foreach (Parameter parameter in network.Parameters)
        {
            foreach (int bits in System.Runtime.InteropServices.MemoryMarshal.Cast<float, int>(
                parameter.Value.ToArray<float>()))
            {
                hash = (hash ^ (uint)bits) * 1099511628211;
            }
        }

        return hash.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
    }
}
