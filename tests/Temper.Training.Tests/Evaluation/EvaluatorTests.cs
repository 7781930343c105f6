using Temper.Data;
using Temper.Data.Synthetic;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Evaluation;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Evaluation;

public sealed class EvaluatorTests
{
    private static readonly Dataset Points = new SyntheticBlobs(70, 3, 4, RandomStream.FromSeed(1), RandomStream.FromSeed(2));

    private static readonly Network Classifier = Network.Build(InputSpec.Features(4), x => x.Linear(3)).Initialize(RandomStream.FromSeed(3));

    [Theory]
    [InlineData(1)]             // some batches have samples of weight 0 only
    [InlineData(32)]
    [InlineData(1000)]
    public void The_loss_with_class_weights_is_the_weighted_mean_for_any_batch_size(int batchSize)
    {
        var loss = new CrossEntropyLoss { ClassWeights = [1, 9, 0] };
        (Tensor inputs, Tensor labels) = Points.Read(0, Points.Count);
        double expected = loss.Value(Classifier.Forward(inputs), labels).ToScalar();
        Assert.Equal(expected, Evaluator.Evaluate(Classifier, Points, loss, batchSize).Loss, 1e-5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(70)]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public void Evaluate_gives_the_means_of_plain_loops_for_any_batch_size(int batchSize)
    {
        (Tensor inputs, Tensor labels) = Points.Read(0, Points.Count);
        float[] logits = Classifier.Forward(inputs).ToArray<float>();
        double loss = 0;
        long[,] confusion = new long[3, 3];
        bool[] right = new bool[Points.Count];
        for (int n = 0; n < Points.Count; n++)
        {
            float[] row = logits[(n * 3)..((n + 1) * 3)];
            int label = (int)labels.AsSpan<long>()[n];
            loss += Math.Log(row.Sum(v => Math.Exp(v))) - row[label];
            confusion[label, Array.IndexOf(row, row.Max())]++;
            right[n] = Array.IndexOf(row, row.Max()) == label;
        }

        EvaluationResult result = Evaluator.Evaluate(Classifier, Points, batchSize: batchSize);
        Assert.Equal(70, result.Count);
        Assert.Equal(right, result.IsRight);
        Assert.Equal(loss / 70, result.Loss, 1e-6);
        Assert.Equal((confusion[0, 0] + confusion[1, 1] + confusion[2, 2]) / 70.0, result.Accuracy);
        for (int i = 0; i < 9; i++)
        {
            Assert.Equal(confusion[i / 3, i % 3], result.Confusion![i / 3, i % 3]);
        }
    }

    [Fact]
    public void Evaluate_changes_nothing_and_stops_when_told()
    {
        byte[] before = SmallRun.BytesOf(SmallRun.Network);
        Evaluator.Evaluate(SmallRun.Network, SmallRun.Validation);
        Assert.Equal(before, SmallRun.BytesOf(SmallRun.Network));
        Assert.Throws<OperationCanceledException>(
            () => Evaluator.Evaluate(SmallRun.Network, SmallRun.Validation, cancel: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Evaluate_refuses_no_samples() =>
        Assert.Contains("no samples", Assert.Throws<ArgumentException>(() => Evaluator.Evaluate(Classifier, Points.Take(0))).Message, StringComparison.Ordinal);

    [Fact]
    public void Evaluate_refuses_samples_that_do_not_fit() =>
        Assert.Throws<ShapeMismatchException>(() => Evaluator.Evaluate(Classifier, SmallRun.Validation));

    [Fact]
    public void Evaluate_refuses_labels_that_are_no_class()
    {
        var data = new TensorDataset("set", Tensor.Zeros([2, 4]), Tensor.From([0L, 5L], [2]));
        Assert.ThrowsAny<ArgumentException>(() => Evaluator.Evaluate(Classifier, data));
    }

    [Fact]
    public void Predict_gives_the_likeliest_class_and_its_probability()
    {
        IReadOnlyList<(int Predicted, float Probability)> found = Evaluator.Predict(Classifier, Points, 10, 5);
        float[] logits = Classifier.Forward(Points.Read(10, 5).Inputs).ToArray<float>();
        for (int n = 0; n < 5; n++)
        {
            double[] row = [.. logits[(n * 3)..((n + 1) * 3)].Select(v => Math.Exp(v))];
            Assert.Equal(Array.IndexOf(row, row.Max()), found[n].Predicted);
            Assert.Equal(row.Max() / row.Sum(), found[n].Probability, 1e-6);
        }
    }

    /// <summary>The largest of values that are not numbers would be the first one, that of class 0.</summary>
    [Fact]
    public void A_sample_whose_outputs_are_not_numbers_is_wrong()
    {
        float[] x = Points.Read(0, 20).Inputs.ToArray<float>();
        (x[0], x[4 * 7]) = (float.NaN, float.NaN);
        long[] labels = [.. Enumerable.Range(0, 20).Select(i => i is 0 or 7 ? 0 : Points.Label(i))];
        var data = new TensorDataset("set", Tensor.From(x, [20, 4]), Tensor.From(labels, [20]));
        EvaluationResult found = Evaluator.Evaluate(Classifier, data, batchSize: 8), whole = Evaluator.Evaluate(Classifier, Points.Take(20));
        bool[] right = [.. whole.IsRight.Select((isRight, i) => isRight && i is not (0 or 7))];
        Assert.Equal(right, found.IsRight);
        Assert.Equal(right.Count(isRight => isRight) / 20.0, found.Accuracy);
        Assert.Equal((20, 2), (found.Confusion!.Count, found.Confusion.Unanswered));
        Assert.Equal((-1, float.NaN), found.Answers[7]);
        Assert.Equal((-1, float.NaN), Evaluator.Predict(Classifier, data, 7, 1)[0]);
        (Tensor inputs, Tensor targets) = data.Read(0, 20);
        Assert.Equal(right.Count(isRight => isRight), new CrossEntropyLoss().CountCorrect(Classifier.Forward(inputs), targets));
        Network broken = Classifier.WithParameters(Classifier.Parameters.Select(p => p with { Value = p.Value * float.NaN }));
        Assert.Equal(0, Evaluator.Evaluate(broken, Points).Accuracy);
    }

    /// <summary>70 samples are ten batches of seven; 20 samples are not a multiple of seven.</summary>
    [Fact]
    public void Network_of_a_fixed_batch_is_measured_in_runs_of_it()
    {
        EvaluationResult free = Evaluator.Evaluate(Classifier, Points), fixedBatch = Evaluator.Evaluate(OfSeven(x => x), Points, batchSize: 16);
        Assert.Equal((free.Count, free.Accuracy), (fixedBatch.Count, fixedBatch.Accuracy));
        Assert.Equal(free.Loss, fixedBatch.Loss, 1e-6);
        Assert.Equal(Evaluator.Predict(Classifier, Points, 10, 5), Evaluator.Predict(OfSeven(x => x), Points, 10, 5));
        Assert.Contains("7 samples at a time", Assert.Throws<ArgumentException>(() => Evaluator.Evaluate(OfSeven(x => x), Points.Take(20))).Message);
    }

    [Fact]
    public void Network_that_mixes_samples_is_refused_by_the_name_of_the_node()
    {
        Network mixing = OfSeven(x => x - x.Mean([0], keepAxes: true, "mean"));
        Assert.Contains("'mean'", Assert.Throws<ArgumentException>(() => Evaluator.Evaluate(mixing, Points, batchSize: 7)).Message);
        Assert.Contains("'mean'", Assert.Throws<ArgumentException>(() => Trainer.Fit(mixing, Points, Points, new TrainingOptions { Seed = 1, Epochs = 1 })).Message);
        Assert.Contains("exactly 7", Assert.Throws<ArgumentException>(() => Trainer.Fit(OfSeven(x => x), Points, Points, new TrainingOptions { Seed = 1, Epochs = 1 })).Message);
    }

    private static Network OfSeven(Func<Value, Value> first) =>
        Network.Build(new InputSpec { SampleShape = [7, 4], IsBatched = false }, x => first(x).Linear(3)).Initialize(RandomStream.FromSeed(3));
}
