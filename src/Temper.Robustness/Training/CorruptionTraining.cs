using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Robustness.Training;

/// <summary>
/// Plain training in which a fraction of each batch is corrupted with random severity. With <see cref="NoisePath"/>
/// alone, this is noise augmentation.
/// </summary>
public sealed record CorruptionTraining : Objective
{
    /// <summary>Corruptions to choose from; each corrupted row gets one of them.</summary>
    public IReadOnlyList<PictureFamily> Families { get; init; } =
    [
        new NoisePath(), new TranslationPath(), new RotationPath(), new BlurPath(), new BrightnessPath(),
    ];

    /// <summary>Fraction of the rows to corrupt, 0 to 1.</summary>
    public double Share { get; init; } = 0.5;

    /// <summary>Maximum severity, 0 to 1.</summary>
    public double Severity { get; init; } = 0.5;

    /// <inheritdoc/>
    public override Batch Prepare(Network network, Batch batch, RandomStream stream)
    {
        float[] x = batch.Inputs.ToArray<float>();
        int rows = batch.Inputs.Shape[0], size = x.Length / Math.Max(rows, 1), changed = (int)Math.Round(rows * Share);
        (float low, float high) = (network.Inputs[0].Minimum, network.Inputs[0].Maximum);
        Shape shape = Shape.Create(batch.Inputs.Shape.AsSpan()[1..]);
        for (int row = 0; row < changed; row++)
        {
            // The loader shuffles the samples, so it does not matter which rows are corrupted.
            RandomStream own = stream.Split(row);
            RandomCursor random = own.Cursor();
            Span<float> to = x.AsSpan(row * size, size);
            var clean = new CleanPicture(to.ToArray(), shape, low, high);
            Families[random.NextInt32(Families.Count)].Change(
                clean, own.Split("change"), Severity * random.NextDouble(), to);
            Perturbations.Clip(to, low, high);
        }

        return batch with { Inputs = Tensor.From(x, batch.Inputs.Shape) };
    }

    /// <inheritdoc/>
    public override ObjectiveValue Value(Network network, Pass pass, Batch batch)
    {
        Tensor output = network.Forward(batch.Inputs, pass);
        return new ObjectiveValue(output.CrossEntropy(batch.Targets), output);
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => new JsonObject
    {
        ["families"] = new JsonArray([.. Families.Select(family => (JsonNode)family.Name)]), ["share"] = Share,
        ["severity"] = Severity,
    };
}
