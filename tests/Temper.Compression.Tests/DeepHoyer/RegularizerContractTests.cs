using Temper.Compression.DeepHoyer;
using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Compression.Tests.DeepHoyer;

/// <summary>Contract of every weight regularizer. A new regularizer is a row in the table.</summary>
public sealed class RegularizerContractTests
{
    private static readonly (string Name, Func<WeightRegularizer> Make, Func<double[], double, double> Formula, Scaling Scaling)[] Kinds =
    [
        ("l1", () => new L1 { Strength = 1 }, Formulas.L1, Scaling.Homogeneous),
        ("transformed-l1", () => new TransformedL1 { Strength = 1 }, Formulas.TransformedL1, Scaling.None),
        ("hoyer", () => new Hoyer { Strength = 1 }, Formulas.Hoyer, Scaling.Invariant),
        ("hoyer-square", () => new HoyerSquare { Strength = 1 }, Formulas.HoyerSquare, Scaling.Invariant),
    ];

    private static readonly string[] Groupings = ["element", "filter-channel", "row-column", "4x1", "1x4", "2x3"];

    /// <summary>Every formula with every grouping.</summary>
    private static readonly Dictionary<string, Row> Rows = Kinds.SelectMany(kind => Groupings.Select(grouping => KeyValuePair.Create(
        $"{kind.Name} {grouping}",
        new Row(
            strength => kind.Make() with { Strength = strength, Grouping = Grouping.Parse(grouping) },
            (w, shape) => Formulas.Of(kind.Formula, w, shape, grouping),
            kind.Scaling)))).ToDictionary(StringComparer.Ordinal);

    private static readonly int[][] Shapes = [[6, 5], [1, 9], [9, 1], [4, 3, 3, 3], [8, 4, 1, 1], [6, 1, 3, 3], [5, 7, 1, 2]];

    public static TheoryData<string> Names => [.. Rows.Keys];

    public static TheoryData<string, int[], double> Cases
    {
        get
        {
            var cases = new TheoryData<string, int[], double>();
            foreach (string name in Rows.Keys)
            {
                foreach (int[] shape in Shapes)
                {
                    cases.Add(name, shape, 0);
                    cases.Add(name, shape, 0.5);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Blocks_of_a_parameter_give_what_the_whole_gives(string name)
    {
        foreach (int[] shape in Shapes)
        {
            float[] w = Samples.Gaussian(shape.Aggregate((a, b) => a * b), 9);
            Parameter parameter = Of(w, shape);
            IRegularizer regularizer = Rows[name].Make(0.3f);
            float[] whole = new float[w.Length], inBlocks = new float[w.Length];
            double expected = regularizer.AddGradient(parameter, w, whole);

            // Block boundaries inside rows and kernels.
            int[] cuts = [0, Math.Min(1, w.Length), Math.Min(7, w.Length), Math.Max(Math.Min(7, w.Length), w.Length - 2), w.Length];
            double[] sums = new double[regularizer.SumCount(parameter)];
            foreach ((int start, int end) in cuts.Zip(cuts.Skip(1)))
            {
                regularizer.AddSums(new WeightBlock { Parameter = parameter, Start = start, Weights = w.AsSpan(start..end) }, sums);
            }

            foreach ((int start, int end) in cuts.Zip(cuts.Skip(1)))
            {
                regularizer.AddGradient(
                    new WeightBlock { Parameter = parameter, Start = start, Weights = w.AsSpan(start..end) }, sums, inBlocks.AsSpan(start..end));
            }

            Assert.Equal(expected, regularizer.Value(parameter, sums), 1e-6 * Math.Max(1, expected));
            Assert.All(whole.Zip(inBlocks), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Name_is_that_of_the_command_line(string name)
    {
        string[] parts = name.Split(' ');
        string grouped = parts[0] switch { "l1" => "group-lasso", "hoyer-square" => "group-hs", var formula => $"group-{formula}" };
        WeightRegularizer made = Rows[name].Make(1);
        Assert.Equal((parts[1] is "element" ? parts[0] : grouped, parts[1]), (made.Name, $"{made.Grouping}"));
    }

    [Theory]
    [InlineData("4x")]
    [InlineData("0x1")]
    [InlineData("-4x1")]
    [InlineData("channels")]
    public void Unknown_groupings_are_refused(string name) => Assert.Contains(name, Assert.Throws<FormatException>(() => Grouping.Parse(name)).Message, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_is_lost_of_zero_one_hot_tiny_and_huge_tensors(string name)
    {
        foreach (int[] shape in Shapes)
        {
            int count = shape.Aggregate((a, b) => a * b);
            float[] oneHot = new float[count], gaussian = Samples.Gaussian(count, 5);
            oneHot[count / 2] = -3;
            foreach (float[] w in (float[][])[oneHot, [.. gaussian.Select(x => x * 1e-20f)], [.. gaussian.Select(x => x * 1e-8f)], [.. gaussian.Select(x => x * 1e8f)]])
            {
                float[] gradient = new float[count];
                double value = Rows[name].Make(1).AddGradient(Of(w, shape), w, gradient);
                Assert.True(double.IsFinite(value));
                Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_gradient_of_a_scale_invariant_formula_is_orthogonal_to_the_weights(string name)
    {
        foreach (int[] shape in Shapes.Where(_ => Rows[name].Scaling == Scaling.Invariant))
        {
            float[] w = Weights(shape, 0.3), gradient = new float[w.Length];
            double value = Rows[name].Make(1).AddGradient(Of(w, shape), w, gradient);
            Assert.Equal(0, w.Zip(gradient).Sum(pair => (double)pair.First * pair.Second), 1e-6 * value);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Value_and_gradient_are_those_of_the_formula(string name, int[] shape, double zeros)
    {
        const float Strength = 0.3f;
        float[] w = Weights(shape, zeros);
        double[] exact = [.. w.Select(x => (double)x)];
        float[] before = Samples.Gaussian(w.Length, 9);
        float[] gradient = [.. before];
        double value = Rows[name].Make(Strength).AddGradient(Of(w, shape), w, gradient);

        double expected = Strength * Rows[name].Formula(exact, shape);
        Assert.Equal(expected, value, 1e-5 * Math.Max(1, expected));
        double[] slope = Formulas.Gradient(Rows[name].Formula, exact, shape);
        double scale = Math.Max(1, slope.Max(Math.Abs));
        Assert.All(slope.Select((s, i) => (s, i)), p => Assert.Equal(Strength * p.s, gradient[p.i] - before[p.i], 2e-6 * scale));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Zero_weights_get_no_gradient(string name, int[] shape, double zeros)
    {
        float[] w = Weights(shape, zeros);
        float[] gradient = new float[w.Length];
        Rows[name].Make(0.3f).AddGradient(Of(w, shape), w, gradient);
        Assert.All(w.Zip(gradient).Where(pair => pair.First == 0), pair => Assert.Equal(0f, pair.Second));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_tensor_of_zeros_has_value_and_gradient_zero(string name)
    {
        foreach (int[] shape in (int[][])[.. Shapes, [0, 5], [5, 0], [0]])
        {
            float[] w = new float[shape.Aggregate(1, (a, b) => a * b)];
            float[] gradient = [.. w.Select(_ => 7f)];
            Assert.Equal(0, Rows[name].Make(0.3f).AddGradient(Of(w, shape), w, gradient));
            Assert.All(gradient, g => Assert.Equal(7f, g));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Scaling_the_weights_scales_the_gradient(string name)
    {
        // H(aW) = H(W), so its gradient scales by 1/a and is orthogonal to W. L1 is homogeneous: its value scales by a,
        // and its gradient does not change.
        foreach (float factor in (float[])[1e-3f, 0.5f, 4, 1e3f])
        {
            float[] w = Weights([6, 5], 0.2), scaled = [.. w.Select(x => x * factor)];
            float[] gradient = new float[30], other = new float[30];
            double value = Rows[name].Make(1).AddGradient(Of(w, [6, 5]), w, gradient);
            double scaledValue = Rows[name].Make(1).AddGradient(Of(scaled, [6, 5]), scaled, other);
            bool isInvariant = Rows[name].Scaling == Scaling.Invariant;
            if (Rows[name].Scaling == Scaling.None)
            {
                continue;
            }

            Assert.Equal(isInvariant ? value : value * factor, scaledValue, 1e-5 * Math.Max(1, scaledValue));
            Assert.All(gradient.Zip(other), g => Assert.Equal(g.First, g.Second * (isInvariant ? factor : 1), 1e-4f));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Only_weights_of_layers_are_regularized_biases_if_wanted(string name)
    {
        float[] w = Weights([6], 0);
        foreach (ParameterRole role in Enum.GetValues<ParameterRole>())
        {
            int[] shape = role switch { ParameterRole.ConvolutionWeight => [1, 6, 1, 1], ParameterRole.LinearWeight => [1, 6], _ => [6] };
            bool isWeight = shape.Length > 1;
            Assert.Equal(isWeight, Rows[name].Make(1).AddGradient(Of(w, shape, role), w, new float[6]) != 0);
            bool isElement = name.EndsWith(" element", StringComparison.Ordinal);
            Assert.Equal(
                isWeight || (role == ParameterRole.Bias && isElement),
                (Rows[name].Make(1) with { IncludesBias = true }).AddGradient(Of(w, shape, role), w, new float[6]) != 0);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_strength_of_zero_adds_nothing_and_one_below_is_refused(string name)
    {
        float[] w = Weights([6, 5], 0), gradient = new float[30];
        Assert.Equal(0, Rows[name].Make(0).AddGradient(Of(w, [6, 5]), w, gradient));
        Assert.All(gradient, g => Assert.Equal(0f, g));
        Assert.All((float[])[-1, float.NaN, float.PositiveInfinity], strength =>
            Assert.Contains("zero or more", Assert.Throws<ArgumentOutOfRangeException>(() => Rows[name].Make(strength)).Message, StringComparison.Ordinal));
    }

    private static float[] Weights(int[] shape, double zeros)
    {
        float[] w = Samples.Gaussian(shape.Aggregate(1, (a, b) => a * b), 5);
        float[] draw = Samples.Uniform(w.Length, 6, low: 0, high: 1);
        return [.. w.Select((x, i) => draw[i] < zeros ? 0 : x)];
    }

    private static Parameter Of(float[] w, int[] shape, ParameterRole role = ParameterRole.LinearWeight) => new()
    {
        Name = "weight", Value = Tensor.From(w, Shape.Create(shape)), Role = shape.Length > 2 ? ParameterRole.ConvolutionWeight : role,
    };

    /// <param name="Make">Creates the regularizer with a strength.</param>
    /// <param name="Formula">Reference value for weights of a shape at strength 1.</param>
    /// <param name="Scaling">Change of the value when all weights are multiplied by a constant.</param>
    private sealed record Row(Func<float, WeightRegularizer> Make, Func<double[], int[], double> Formula, Scaling Scaling);

    private enum Scaling
    {
        None,
        Homogeneous,
        Invariant,
    }
}
