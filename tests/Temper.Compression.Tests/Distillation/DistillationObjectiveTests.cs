using Temper.Compression.Distillation;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Compression.Tests.Distillation;

/// <summary>Distillation against its formula in double precision, and blended samples against their definition.</summary>
public sealed class DistillationObjectiveTests
{
    private const int Count = 12, Features = 5, Classes = 3;

    private static readonly Network Student = Classifier(seed: 1), Teacher = Classifier(seed: 2);

    [Theory]
    [InlineData(0.3f, 2f)]
    [InlineData(1f, 4f)]
    public void Loss_is_that_of_the_formula(float weight, float temperature)
    {
        Batch batch = Samples();
        var objective = new DistillationObjective(Teacher, new CrossEntropyLoss())
        {
            Weight = weight, Temperature = temperature,
        };
        float actual = objective.Value(Student, Pass.Training(RandomStream.FromSeed(1)), batch).Loss.AsSpan<float>()[0];
        double expected = 0;
        float[] student = Student.Forward(batch.Inputs).ToArray<float>(),
            teacher = Teacher.Forward(batch.Inputs).ToArray<float>();
        ReadOnlySpan<long> labels = batch.Targets.AsSpan<long>();
        for (int row = 0; row < Count; row++)
        {
            double[] hard = LogSoftmax(student, row, 1), soft = LogSoftmax(student, row, temperature),
                wanted = LogSoftmax(teacher, row, temperature);
            expected -= (1 - weight) * hard[labels[row]] / Count;
            expected -= weight * temperature * temperature * wanted.Zip(soft, (t, s) => Math.Exp(t) * s).Sum() / Count;
        }

        Assert.Equal(expected, actual, 1e-5 * Math.Abs(expected));
    }

    /// <summary>
    /// Each blended row lies on the segment between its sample and another sample of the batch; the other rows are
    /// unchanged. The same stream gives the same bytes.
    /// </summary>
    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    public void Blended_samples_lie_between_two_samples(double mixup)
    {
        Batch batch = Samples();
        var objective = new DistillationObjective(Teacher, new CrossEntropyLoss()) { Weight = 1, Mixup = mixup };
        float[] before = batch.Inputs.ToArray<float>(),
            after = objective.Prepare(Student, batch, RandomStream.FromSeed(7)).Inputs.ToArray<float>(),
            again = objective.Prepare(Student, batch, RandomStream.FromSeed(7)).Inputs.ToArray<float>();
        Assert.Equal(after, again);
        int blended = (int)(mixup * Count), changed = 0;
        for (int row = 0; row < Count; row++)
        {
            Assert.Contains(Enumerable.Range(0, Count), other => IsBetween(Row(after, row), Row(before, row), Row(before, other)));
            changed += Row(after, row).SequenceEqual(Row(before, row)) ? 0 : 1;
            Assert.True(row < blended || Row(after, row).SequenceEqual(Row(before, row)));
        }

        Assert.InRange(changed, blended / 2, blended);
    }

    [Fact]
    public void Without_mixup_the_batch_is_unchanged_and_with_labels_mixup_is_refused()
    {
        Batch batch = Samples();
        var plain = new DistillationObjective(Teacher, new CrossEntropyLoss());
        Assert.Same(batch, plain.Prepare(Student, batch, RandomStream.FromSeed(7)));
        foreach (DistillationObjective wrong in (DistillationObjective[])
            [plain with { Mixup = 0.5 }, plain with { Weight = 1, Mixup = 1.5 }, plain with { Weight = 1, Mixup = double.NaN }])
        {
            ArgumentException error = Assert.Throws<ArgumentException>(
                () => wrong.Prepare(Student, batch, RandomStream.FromSeed(7)));
            Assert.StartsWith("distillation: invalid mixup", error.Message, StringComparison.Ordinal);
        }
    }

    private static bool IsBetween(float[] x, float[] a, float[] b)
    {
        int widest = Enumerable.Range(0, Features).MaxBy(i => Math.Abs(a[i] - b[i]));
        double width = (double)a[widest] - b[widest], part = width == 0 ? 1 : (x[widest] - b[widest]) / width;
        return part is >= -1e-5 and <= 1 + 1e-5
            && Enumerable.Range(0, Features).All(i => Math.Abs((part * a[i]) + ((1 - part) * b[i]) - x[i]) < 1e-5);
    }

    private static float[] Row(float[] values, int row) => values[(row * Features)..((row + 1) * Features)];

    private static double[] LogSoftmax(float[] logits, int row, double temperature)
    {
        double[] scaled = [.. logits.Skip(row * Classes).Take(Classes).Select(logit => logit / temperature)];
        double sum = Math.Log(scaled.Sum(Math.Exp));
        return [.. scaled.Select(value => value - sum)];
    }

    private static Batch Samples()
    {
        float[] x = new float[Count * Features];
        RandomStream.FromSeed(3).FillUniform(x, -1, 1);
        return new Batch(
            Tensor.From(x, [Count, Features]),
            Tensor.From(Enumerable.Range(0, Count).Select(i => (long)(i % Classes)).ToArray(), [Count]), 0);
    }

    private static Network Classifier(ulong seed) => Network.Build(
        InputSpec.Features(Features), x => x.Linear(7).Tanh().Linear(Classes)).Initialize(RandomStream.FromSeed(seed));
}
