using System.Reflection;
using Temper.Tensors;
using Temper.Testing.References;

namespace Temper.Tests.Tensors.Operations;

/// <summary>Checks the values and gradients of every operation against plain loops in double precision.</summary>
public sealed class OperationContractTests
{
    private const double Tolerance = 2e-5;

    public static TheoryData<int, string> Rows
    {
        get
        {
            TheoryData<int, string> rows = [];
            for (int i = 0; i < OperationTable.Rows.Length; i++)
            {
                rows.Add(i, $"{OperationTable.Rows[i]}");
            }

            return rows;
        }
    }

    [Fact]
    public void Table_and_lists_have_every_public_operation()
    {
        MethodInfo[] methods = [.. typeof(Tensor).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(method => method.ReturnType == typeof(Tensor) || method.ReturnType == typeof((Tensor, Tensor)))];
        IEnumerable<string> names = methods.GroupBy(method => method.Name).SelectMany(group =>
            group.Count() == 1 || group.Key is "From" ? [group.Key] : group.Select(m => $"{m.Name}({string.Join(", ", m.GetParameters().Select(p => p.ParameterType.Name))})"));
        IEnumerable<string> known = OperationTable.Rows.Select(row => row.Method).Concat(OperationTable.NotDifferentiable).Concat(OperationTable.TestedElsewhere).Concat(OperationTable.NotOperations);
        Assert.Equal(names.Order(StringComparer.Ordinal), known.Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Value_and_gradients_are_those_of_plain_loops(int place, string name)
    {
        OperationRow row = OperationTable.Rows[place];
        foreach (bool emptyBatch in new[] { false, true })
        {
            if (emptyBatch && !row.TakesEmptyBatch)
            {
                continue;
            }

            Grid[] inputs = [.. row.Inputs.Select((input, i) => input.Values(i, emptyBatch))];
            Grid expected = row.Reference(inputs);
            Grid cotangent = new RowInput(expected.Lengths).Values(99, emptyBatch: false);
            Grid[] slopes = [.. inputs.Select((_, i) => CentralDifferences(row, inputs, i, cotangent))];
            foreach ((Layout input, Layout output) in row.Layouts(expected.Rank))
            {
                var check = new Check(row, inputs, cotangent, input, output);
                check.Values(expected, $"{name}, {input}, empty batch {emptyBatch}");
                check.Gradients(slopes, $"{name}, {input} and {output}, empty batch {emptyBatch}");
            }
        }
    }

    /// <summary>
    /// Checks that a gradient requested alone has the same bytes as one requested together with the others.
    /// </summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void Gradient_of_one_input_is_the_same_as_among_all(int place, string name)
    {
        OperationRow row = OperationTable.Rows[place];
        Grid[] inputs = [.. row.Inputs.Select((input, i) => input.Values(i, emptyBatch: false))];
        var check = new Check(row, inputs, new RowInput(row.Reference(inputs).Lengths).Values(99, emptyBatch: false), Layout.RowMajor, Layout.RowMajor);
        int[] all = check.Sources;
        float[][] together = check.GradientsOf(all);
        for (int i = 0; i < all.Length; i++)
        {
            Assert.True(together[i].AsSpan().SequenceEqual(check.GradientsOf([all[i]])[0]), $"{name}: input {all[i]}");
        }
    }

    /// <summary>
    /// Derivatives of the dot product of the reference and a cotangent, by central differences in double precision.
    /// </summary>
    private static Grid CentralDifferences(OperationRow row, Grid[] inputs, int input, Grid cotangent)
    {
        if (row.Inputs[input].IsConstant)
        {
            return inputs[input];
        }

        const double Step = 1e-5;
        Grid x = inputs[input];
        return new Grid(x.Lengths, [.. x.Values.Select((held, i) =>
        {
            double above = Product(held + Step), below = Product(held - Step);
            x.Values[i] = held;
            return (above - below) / (2 * Step);

            double Product(double value)
            {
                x.Values[i] = value;
                return row.Reference(inputs).Values.Zip(cotangent.Values, (y, dy) => y * dy).Sum();
            }
        })]);
    }

    /// <summary>The library's side of the comparison, for one row and one choice of memory layouts.</summary>
    private sealed record Check(OperationRow Row, Grid[] Inputs, Grid Cotangent, Layout Input, Layout Output)
    {
        internal int[] Sources => [.. Enumerable.Range(0, Inputs.Length).Where(i => !Row.Inputs[i].IsConstant)];

        internal void Values(Grid expected, string where)
        {
            Tensor y = Row.Apply([.. Inputs.Select(x => TensorOf(x, Input))]);
            Assert.Equal(Shape.Create(expected.Lengths), y.Shape);
            float[] found = y.ToArray<float>();
            for (int i = 0; i < found.Length; i++)
            {
                Kernels.Near.Equal(expected.Values[i], found[i], Tolerance, $"{where} [{i}]");
            }
        }

        internal void Gradients(Grid[] slopes, string where)
        {
            int[] sources = Sources;
            float[][] found = GradientsOf(sources);
            for (int i = 0; i < sources.Length; i++)
            {
                double[] expected = slopes[sources[i]].Values;
                Assert.Equal(expected.Length, found[i].Length);
                if (expected.Any(double.IsNaN))
                {
                    Assert.All(found[i], value => Assert.True(float.IsNaN(value), where));
                    continue;
                }

                double distance = Norm(expected.Zip(found[i], (a, b) => a - b)) / Math.Max(Norm(expected) + Norm(found[i].Select(v => (double)v)), 1e-9);
                Assert.True(distance <= Tolerance, $"{where}, input {sources[i]}: relative distance {distance}");
            }
        }

        internal float[][] GradientsOf(int[] sources)
        {
            using var tape = new GradientTape();
            Tensor[] inputs = [.. Inputs.Select(x => TensorOf(x, Input))];
            Tensor[] watched = [.. sources.Select(i => tape.Watch(inputs[i]))];
            GradientMap gradients = tape.Gradient([(Row.Apply(inputs), TensorOf(Cotangent, Output))], watched);
            return [.. watched.Select(source => gradients[source].ToArray<float>())];
        }

        private static Tensor TensorOf(Grid x, Layout layout)
        {
            Tensor tensor = Tensor.From([.. x.Values.Select(v => (float)v)], Shape.Create(x.Lengths));
            return x.Rank == 4 ? tensor.InLayout(layout) : tensor;
        }

        private static double Norm(IEnumerable<double> x) => Math.Sqrt(x.Sum(v => v * v));
    }
}
