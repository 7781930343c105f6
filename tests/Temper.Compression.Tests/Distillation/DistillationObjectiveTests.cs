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
            expected += weight * temperature * temperature * wanted.Zip(soft, (t, s) => Math.Exp(t) * (t - s)).Sum() / Count;
        }

        Assert.Equal(expected, actual, 1e-5 * Math.Abs(expected));
    }

    /// <summary>The divergence of a network from itself is 0, although the teacher's entropy is not.</summary>
    [Fact]
    public void A_student_that_equals_its_teacher_has_no_loss()
    {
        var objective = new DistillationObjective(Teacher, new CrossEntropyLoss()) { Weight = 1 };
        Assert.Equal(0f, objective.Value(Teacher, Pass.Training(RandomStream.FromSeed(1)), Samples()).Loss.AsSpan<float>()[0], 1e-6f);
    }

    /// <summary>The teacher's entropy is constant: gradients are, bit for bit, those of the cross-entropy.</summary>
    [Theory]
    [InlineData(0.3f, 2f)]
    [InlineData(1f, 4f)]
    public void Gradients_are_those_of_the_cross_entropy(float weight, float temperature)
    {
        Batch batch = Samples();
        var objective = new DistillationObjective(Teacher, new CrossEntropyLoss())
        {
            Weight = weight, Temperature = temperature,
        };
        Tensor wanted = Teacher.Forward(batch.Inputs).Affine(1 / temperature, 0).Softmax();
        using var learner = new Learner(Student, new LearnerOptions());
        using Gradients got = learner.Gradients((network, pass) => objective.Value(network, pass, batch).Loss);
        using Gradients expected = learner.Gradients((network, pass) =>
        {
            Tensor output = network.Forward(batch.Inputs, pass);
            Tensor soft = (wanted * output.Affine(1 / temperature, 0).LogSoftmax())
                .Sum().Affine(-weight * temperature * temperature / Count, 0);
            return weight >= 1 ? soft : new CrossEntropyLoss().Value(output, batch.Targets).Affine(1 - weight, 0) + soft;
        });
        Assert.All(got.Parameters, name => Assert.Equal(expected[name].ToArray(), got[name].ToArray()));
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
        DistillationObjective wrong = plain with { Mixup = 0.5 };
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => wrong.Prepare(Student, batch, RandomStream.FromSeed(7)));
        Assert.StartsWith("distillation: mixup needs a weight of 1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Weight", -0.1)]
    [InlineData("Weight", 1.1)]
    [InlineData("Weight", double.NaN)]
    [InlineData("Temperature", 0)]
    [InlineData("Temperature", -1)]
    [InlineData("Temperature", double.PositiveInfinity)]
    [InlineData("Temperature", double.NaN)]
    [InlineData("Mixup", -0.1)]
    [InlineData("Mixup", 1.5)]
    [InlineData("Mixup", double.NaN)]
    public void An_option_out_of_range_is_refused_when_it_is_set(string name, double value)
    {
        var plain = new DistillationObjective(Teacher, new CrossEntropyLoss());
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => name switch
        {
            "Weight" => plain with { Weight = (float)value },
            "Temperature" => plain with { Temperature = (float)value },
            _ => plain with { Mixup = value },
        });
        Assert.StartsWith($"distillation: {name} is out of range", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Teachers with equal parameters still differ in their graph, or in their running statistics.</summary>
    [Fact]
    public void The_fingerprint_identifies_the_teacher()
    {
        Network teacher = Normalized(x => x.Tanh()), again = Normalized(x => x.Tanh());
        Network other = Normalized(x => x.Sigmoid()).WithParameters(teacher.Parameters);
        Network trained = teacher.WithBuffers(teacher.Buffers.Where(buffer => buffer.Value.DType == DType.Float32)
            .Select(buffer => KeyValuePair.Create(buffer.Key, Tensor.Full(buffer.Value.Shape, 0.5f))));
        Assert.Equal(Print(teacher), Print(again));
        Assert.NotEqual(Print(teacher), Print(other));
        Assert.NotEqual(Print(teacher), Print(trained));

        static string Print(Network network) =>
            new DistillationObjective(network, new CrossEntropyLoss()).Fingerprint().ToJsonString();
    }

    /// <summary>Training on several ranks refuses class weights, unless the labels are not used.</summary>
    [Fact]
    public void The_loss_of_the_labels_is_named()
    {
        var weighted = new CrossEntropyLoss { ClassWeights = [1, 2, 1] };
        var objective = new DistillationObjective(Teacher, weighted);
        Assert.Equal(weighted, objective.LabelLoss);
        Assert.Null((objective with { Weight = 1 }).LabelLoss);
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

    private static Network Normalized(Func<Value, Value> function) => Network.Build(
        InputSpec.Features(Features), x => function(x.Linear(7).BatchNorm()).Linear(Classes)).Initialize(RandomStream.FromSeed(2));

    private static Network Classifier(ulong seed) => Network.Build(
        InputSpec.Features(Features), x => x.Linear(7).Tanh().Linear(Classes)).Initialize(RandomStream.FromSeed(seed));
}
