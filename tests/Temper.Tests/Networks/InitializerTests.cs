using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Tests.Networks;

public sealed class InitializerTests
{
    /// <summary>
    /// Standard deviation and largest magnitude for a weight [64, 32, 3, 3], with fan-in 288 and fan-out 576.
    /// </summary>
    [Theory]
    [InlineData("zero", 0, 0)]
    [InlineData("pytorch", 0.0340207, 0.0589256)]           // largest 1/√288; deviation 1/√3 of it
    [InlineData("kaiming-uniform", 0.0833333, 0.1443376)]   // largest √(6/288)
    [InlineData("kaiming-normal", 0.0833333, 0.5)]          // deviation √(2/288)
    [InlineData("xavier-uniform", 0.0481125, 0.0833333)]    // largest √(6/864)
    [InlineData("xavier-normal", 0.0481125, 0.3)]           // deviation √(2/864)
    [InlineData("uniform", 0.0288675, 0.05)]
    [InlineData("normal", 0.01, 0.06)]
    public void Fill_has_the_spread_of_its_formula(string name, double deviation, double largest)
    {
        float[] values = Fill(Initializer.ByName(name), [64, 32, 3, 3]);
        double measured = Math.Sqrt(values.Average(v => (double)v * v));
        Assert.Equal(deviation, measured, 0.02 * deviation);
        Assert.InRange(values.Max(MathF.Abs), 0, largest * 1.00001);
        Assert.Equal(0, values.Average(), 0.05 * Math.Max(deviation, 1e-9));
    }

    [Theory]
    [InlineData(5, 12)]
    [InlineData(12, 5)]
    [InlineData(7, 7)]
    public void Fill_orthogonal_gives_unit_vectors_at_right_angles(int rows, int columns)
    {
        float[] w = Fill(new Orthogonal(), [rows, columns]);
        (int count, int length) = (Math.Min(rows, columns), Math.Max(rows, columns));
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                double dot = Enumerable.Range(0, length).Sum(k => rows <= columns
                    ? (double)w[(i * columns) + k] * w[(j * columns) + k]
                    : (double)w[(k * columns) + i] * w[(k * columns) + j]);
                Assert.Equal(i == j ? 1 : 0, dot, 1e-6);
            }
        }
    }

    [Fact]
    public void ByName_knows_its_names_and_no_other()
    {
        Assert.All(Initializer.KnownNames, name => Assert.Equal(name, Initializer.ByName(name).Name));
        Assert.Contains("kaiming-normal", Assert.Throws<ArgumentException>(() => Initializer.ByName("he")).Message);
    }

    [Fact]
    public void Initialize_with_weights_given_leaves_biases_and_norms_to_their_operators()
    {
        Network network = Network.Build(InputSpec.Features(8), x => x.Linear(4).BatchNorm())
            .Initialize(RandomStream.FromSeed(1), new Constant(1));
        Assert.All(network.Parameters["fc1.weight"].Value.ToArray<float>(), v => Assert.Equal(1, v));
        Assert.All(network.Parameters["bn1.weight"].Value.ToArray<float>(), v => Assert.Equal(1, v));
        Assert.All(network.Parameters["fc1.bias"].Value.ToArray<float>(), v => Assert.InRange(MathF.Abs(v), 1e-9f, 1 / MathF.Sqrt(8)));
    }

    private static float[] Fill(Initializer initializer, Shape shape)
    {
        float[] values = new float[shape.Count];
        initializer.Fill(values, Fan.Of(shape), RandomStream.FromSeed(7));
        return values;
    }
}
