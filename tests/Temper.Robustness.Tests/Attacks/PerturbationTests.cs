using Temper.Randomness;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Tests.Attacks;

public sealed class PerturbationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(785)]
    public void Distances_are_those_of_their_definitions(int length)
    {
        float[] a = new float[length], b = new float[length];
        RandomStream.FromSeed(1).FillUniform(a, 0, 1);
        RandomStream.FromSeed(2).FillUniform(b, 0, 1);
        b[0] = a[0];
        double[] differences = [.. a.Zip(b, (x, y) => Math.Abs((double)x - y))];
        Assert.Equal(differences.Max(), Perturbations.Distance(Norm.Linf, a, b));
        Assert.Equal(Math.Sqrt(differences.Sum(d => d * d)), Perturbations.Distance(Norm.L2, a, b), 1e-12 * length);
        Assert.Equal(differences.Sum(), Perturbations.Distance(Norm.L1, a, b), 1e-12 * length);
        Assert.Equal(differences.Count(d => d > 0), Perturbations.Distance(Norm.L0, a, b));
    }

    /// <summary>A distance that ignored NaN would accept such an input as within the radius.</summary>
    [Theory]
    [InlineData(Norm.Linf)]
    [InlineData(Norm.L2)]
    [InlineData(Norm.L1)]
    public void What_is_not_a_number_is_within_no_radius(Norm norm)
    {
        foreach (int index in (int[])[0, 2, 4])
        {
            float[] input = new float[5];
            input[index] = float.NaN;
            Assert.False(Perturbations.Distance(norm, input, new float[5]) <= double.MaxValue);
        }
    }

    /// <summary>Rounding the bounds to the nearest number would leave the ball for about every second value.</summary>
    [Theory]
    [InlineData(0.1)]
    [InlineData(8 / 255.0)]
    [InlineData(1e-9)]
    [InlineData(0)]
    public void Projection_stays_inside_in_double_precision_and_next_to_the_edge(double radius)
    {
        float[] center = new float[1000], up = new float[1000], down = new float[1000];
        RandomStream.FromSeed(1).FillUniform(center, -1, 1);
        Array.Fill(up, 2);
        Array.Fill(down, -2);
        Perturbations.Project(Norm.Linf, up, center, radius, (-2, 2));
        Perturbations.Project(Norm.Linf, down, center, radius, (-2, 2));
        for (int i = 0; i < center.Length; i++)
        {
            Assert.InRange((double)up[i] - center[i], 0, radius);
            Assert.InRange((double)center[i] - down[i], 0, radius);
            Assert.True((double)MathF.BitIncrement(up[i]) - center[i] > radius);
            Assert.True((double)center[i] - MathF.BitDecrement(down[i]) > radius);
        }
    }

    [Theory]
    [InlineData(Norm.L2)]
    [InlineData(Norm.L1)]
    [InlineData(Norm.L0)]
    public void Projection_onto_other_balls_stays_inside_too_and_next_to_the_edge(Norm norm)
    {
        float[] center = new float[300], x = new float[300];
        for (ulong seed = 1; seed <= 50; seed++)
        {
            RandomStream.FromSeed(seed).FillUniform(center, 0, 1);
            foreach (double radius in (double[])[0, 1e-6, 0.1, 3])
            {
                RandomStream.FromSeed(seed).Split("x").FillUniform(x, 0, 1);
                Perturbations.Project(norm, x, center, radius, (0, 1));
                double least = norm == Norm.L0 ? Math.Floor(radius) : radius * (1 - 1e-4) - 1e-6;
                Assert.InRange(Perturbations.Distance(norm, x, center), least, radius);
                Assert.All(x, value => Assert.InRange(value, 0, 1));
            }
        }
    }

    [Fact]
    public void Gradients_that_point_out_of_the_box_go_and_others_keep_every_bit()
    {
        float[] x = [0, 0, 1, 1, 0.5f, 0, 1], gradient = [-1, 2, 3, -4, -5, 0, 1e-30f], expected = [0, 2, 0, -4, -5, 0, 0];
        Perturbations.RemoveOutward(gradient, x, 0, 1);
        Assert.Equal(expected, gradient);
    }
}
