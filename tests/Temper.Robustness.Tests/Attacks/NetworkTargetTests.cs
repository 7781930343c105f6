using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Tests.Attacks;

/// <summary>Checks the values and gradients that attacks get from a network against finite differences.</summary>
public sealed class NetworkTargetTests
{
    private static readonly LossKind[] Kinds = [LossKind.CrossEntropy, LossKind.Margin, LossKind.Dlr, LossKind.Difference, LossKind.Complement];

    public static TheoryData<string> Nets => ["linear", "deep", "convolution", "normalized"];

    [Theory]
    [MemberData(nameof(Nets))]
    public void Gradients_are_those_of_finite_differences(string name)
    {
        Network network = Make(name);
        var target = new NetworkTarget(network, (0, 1));
        const int Count = 5;
        int size = target.SampleShape.Count, classes = target.Classes;
        float[] x = new float[Count * size];
        RandomStream.FromSeed(11).FillUniform(x, 0, 1);
        float[] clean = new float[Count * classes], gradient = new float[x.Length], logits = new float[Count * classes];
        target.Scores(x, Count, clean);
        int compared = 0;
        foreach (LossKind kind in Kinds)
        {
            foreach (bool isTargeted in (bool[])[false, true])
            {
                // The label is the predicted class, as in an attack: where another class wins by far, the ratio of
                // logits is constant.
                AttackLoss Loss(int row)
                {
                    int label = Array.IndexOf(Order(clean.AsSpan(row * classes, classes)), 0);
                    return new AttackLoss(kind, label, isTargeted || kind == LossKind.Difference ? (label + 2) % classes : -1);
                }

                target.Gradient(x, Count, logits, (row, z, slope) => Loss(row).Evaluate(z, slope), gradient);
                for (int row = 0; row < Count; row++)
                {
                    float[] one = gradient[(row * size)..((row + 1) * size)];
                    double length = Math.Sqrt(one.Sum(g => (double)g * g));
                    Assert.True(length > 1e-4, $"{name}, {kind}: the gradient is zero");
                    for (int i = 0; i < size; i += Math.Max(size / 16, 1))
                    {
                        double expected = Difference(target, x, row, i, Loss(row));
                        compared += double.IsNaN(expected) ? 0 : 1;
                        Assert.True(
                            double.IsNaN(expected) || Math.Abs(expected - one[i]) <= 0.01 * length,
                            $"{name}, {kind}, targeted {isTargeted}, row {row}, input {i}: got {one[i]}, expected {expected}");
                    }
                }
            }
        }

        Assert.True(compared > 400, $"too few inputs were compared (got {compared})");
    }

    /// <summary>The logarithm of a softmax adds one number to all logits of a sample, which no loss of an attack sees.</summary>
    [Fact]
    public void Logarithms_of_probabilities_have_the_gradients_of_their_logits()
    {
        const int Count = 5;
        Network logits = Network.Build(InputSpec.Features(6), x => x.Linear(8, name: "a").Relu().Linear(4, name: "b")).Initialize(RandomStream.FromSeed(3)),
            log = Network.Build(InputSpec.Features(6), x => x.Linear(8, name: "a").Relu().Linear(4, name: "b").LogSoftmax()).WithParameters(logits.Parameters);
        NetworkTarget plain = new(logits, (0, 1)), shifted = new(log, (0, 1));
        float[] x = new float[Count * 6], z = new float[Count * 4], expected = new float[x.Length], found = new float[x.Length];
        RandomStream.FromSeed(12).FillUniform(x, 0, 1);
        foreach (LossKind kind in Kinds)
        {
            var loss = new AttackLoss(kind, Label: 1, Target: kind == LossKind.Difference ? 2 : -1);
            plain.Gradient(x, Count, z, (_, row, slope) => loss.Evaluate(row, slope), expected);
            shifted.Gradient(x, Count, z, (_, row, slope) => loss.Evaluate(row, slope), found);
            Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-3f * (1 + MathF.Abs(pair.First))));
        }
    }

    /// <summary>A target may pass the same memory for every row.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    public void Every_entry_of_a_derivative_is_written(int classes)
    {
        float[] z = new float[classes], clean = new float[classes], dirty = new float[classes];
        RandomStream.FromSeed(1).FillUniform(z, -3, 3);
        foreach (LossKind kind in Enum.GetValues<LossKind>())
        {
            foreach (int target in (int[])[-1, 1])
            {
                var loss = new AttackLoss(kind, 0, kind == LossKind.Difference ? 1 : target);
                Array.Clear(clean);
                Array.Fill(dirty, float.NaN);
                Assert.Equal(loss.Evaluate(z, clean), loss.Evaluate(z, dirty));
                Assert.Equal(clean, dirty);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void A_row_has_the_same_bytes_in_any_batch(string name)
    {
        var target = new NetworkTarget(Make(name), (0, 1));
        const int Count = 131;
        int size = target.SampleShape.Count, classes = target.Classes;
        float[] x = new float[Count * size], logits = new float[Count * classes], scores = new float[Count * classes], gradient = new float[x.Length];
        RandomStream.FromSeed(12).FillUniform(x, 0, 1);
        target.Scores(x, Count, scores);
        target.Gradient(x, Count, logits, Slope, gradient);
        Assert.Equal(scores, logits);
        float[] z = new float[classes], g = new float[size];
        for (int row = 0; row < Count; row += 13)
        {
            target.Gradient(x.AsSpan(row * size, size), 1, z, Slope, g);
            Assert.Equal(logits[(row * classes)..((row + 1) * classes)], z);
            Assert.Equal(gradient[(row * size)..((row + 1) * size)], g);
        }

        static void Slope(int row, ReadOnlySpan<float> z, Span<float> slope) => new AttackLoss(LossKind.CrossEntropy, 1).Evaluate(z, slope);
    }

    /// <summary>
    /// Returns the central difference of the loss with respect to one input; the step is large enough for float32
    /// logits. NaN if the order of the logits changes within the step, since losses that select logits by rank have a
    /// kink there.
    /// </summary>
    private static double Difference(NetworkTarget target, float[] x, int row, int i, AttackLoss loss)
    {
        const float Step = 2e-3f;
        int size = target.SampleShape.Count;
        float[] moved = x[(row * size)..((row + 1) * size)], logits = new float[target.Classes];
        (double Loss, int[] Order) At(float value)
        {
            moved[i] = value;
            target.Scores(moved, 1, logits);
            return (loss.Evaluate(logits, new float[target.Classes]), Order(logits));
        }

        float middle = moved[i], high = middle + Step, low = middle - Step;
        (double above, int[] orderAbove) = At(high);
        (double below, int[] orderBelow) = At(low);
        return orderAbove.AsSpan().SequenceEqual(orderBelow) ? (above - below) / ((double)high - low) : double.NaN;
    }

    /// <summary>Returns the rank of each logit, 0 for the largest.</summary>
    private static int[] Order(ReadOnlySpan<float> logits)
    {
        float[] z = logits.ToArray();
        return [.. z.Select(one => z.Count(other => other > one))];
    }

    /// <summary>Smooth networks, so that central differences approximate the derivative.</summary>
    private static Network Make(string name) => (name switch
    {
        "linear" => Network.Build(InputSpec.Features(12), x => x.Linear(6)),
        "deep" => Network.Build(InputSpec.Features(12), x => x.Linear(32).Sigmoid().Linear(32).Tanh().Linear(6)),
        "convolution" => Network.Build(InputSpec.Image(2, 8, 8), x => x.Conv2d(6, kernel: 3).Tanh().AvgPool2d(2).Flatten().Linear(6)),
        _ => Network.Build(InputSpec.Image(2, 8, 8), x => x.Conv2d(6, kernel: 3).BatchNorm().Sigmoid().Flatten().Linear(6)),
    }).Initialize(RandomStream.FromSeed(4));
}
