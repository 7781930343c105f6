using Temper.Tensors;
using Temper.Testing.References;

namespace Temper.Tests.Tensors.Operations;

/// <summary>All public operations, with one or more rows each. A new operation needs a new row.</summary>
internal static partial class OperationTable
{
    internal static OperationRow[] Rows { get; } = [.. Unaries(), .. Binaries(), .. Reductions(), .. Rearrangements(), .. Products(), .. Images(), .. Normalizations(), .. Losses()];

    /// <summary>Operations whose results are not a smooth function of the input.</summary>
    internal static string[] NotDifferentiable { get; } =
        ["EqualTo", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo", "And", "Or", "Xor", "Not", "ArgMax", "ArgMin", "MaxPool2dIndices", "To"];

    /// <summary>
    /// Operations whose gradients differ from central differences by definition (straight-through) or that need special
    /// inputs; each has its own tests.
    /// </summary>
    internal static string[] TestedElsewhere { get; } = ["FakeQuantize(Single, Int32, Int32, Int32)", "FakeQuantize(Tensor, Int32, Int32)", "OpticalFlow"];

    /// <summary>Methods that create or copy tensors without computing anything.</summary>
    internal static string[] NotOperations { get; } = ["From", "Full", "Zeros", "Ones", "Scalar", "Detach"];

    private static RowInput In(params int[] lengths) => new(lengths);

    private static RowInput Parameter(params int[] lengths) => new(lengths) { IsBatched = false };

    private static IEnumerable<OperationRow> Unaries()
    {
        yield return Unary("Exp", x => x.Exp(), Math.Exp);
        yield return Unary("Log", x => x.Log(), Math.Log).With(Domain.AboveZero);
        yield return Unary("Sqrt", x => x.Sqrt(), Math.Sqrt).With(Domain.AboveZero);
        yield return Unary("Abs", x => x.Abs(), Math.Abs).With(Domain.AwayFromZero);
        yield return Unary("Sign", x => x.Sign(), x => Math.Sign(x)).With(Domain.AwayFromZero);
        yield return Unary("Negate", x => x.Negate(), x => -x);
        yield return Unary("Affine", x => x.Affine(1.5f, -0.25f), x => (1.5 * x) - 0.25);
        yield return Unary("Reciprocal", x => x.Reciprocal(), x => 1 / x).With(Domain.AwayFromZero);
        yield return Unary("Ceiling", x => x.Ceiling(), Math.Ceiling).With(Domain.FarApart);
        yield return Unary("Floor", x => x.Floor(), Math.Floor).With(Domain.FarApart);
        yield return Unary("Round", x => x.Round(), x => Math.Round(x, MidpointRounding.ToEven)).With(Domain.FarApart);
        yield return Unary("Erf", x => x.Erf(), ReferenceArithmetic.Erf);
        yield return Unary("Tanh", x => x.Tanh(), Math.Tanh);
        yield return Unary("Sigmoid", x => x.Sigmoid(), x => 1 / (1 + Math.Exp(-x)));
        yield return Unary("Relu", x => x.Relu(), x => Math.Max(x, 0)).With(Domain.AwayFromZero);
        yield return Unary("LeakyRelu", x => x.LeakyRelu(0.25f), x => x > 0 ? x : 0.25 * x).With(Domain.AwayFromZero);
        yield return Unary("Softplus", x => x.Softplus(), x => Math.Log(1 + Math.Exp(x)));
        yield return Unary("Clamp", x => x.Clamp(-0.98f, 1.02f), x => Math.Min(Math.Max(x, (double)-0.98f), (double)1.02f)).With(Domain.FarApart);
        yield return Unary("Pow(Single)", x => x.Pow(2.5f), x => Math.Pow(x, 2.5), "fraction").With(Domain.AboveZero);
        yield return Unary("Pow(Single)", x => x.Pow(3), x => x * x * x, "integer, below zero too").With(Domain.AwayFromZero);
        yield return Unary("Pow(Single)", x => x.Pow(-1), x => 1 / x, "inverse").With(Domain.AwayFromZero);
        yield return Unary("Pow(Single)", x => x.Pow(0), _ => 1, "zero");
        yield return Unary("op_UnaryNegation", x => -x, x => -x);
        yield return Unary("op_Addition(Tensor, Single)", x => x + 0.5f, x => x + 0.5);
        yield return Unary("op_Subtraction(Tensor, Single)", x => x - 0.5f, x => x - 0.5);
        yield return Unary("op_Multiply(Tensor, Single)", x => x * 1.5f, x => x * 1.5);
        yield return Unary("op_Multiply(Single, Tensor)", x => 1.5f * x, x => x * 1.5);
        yield return Unary("op_Division(Tensor, Single)", x => x / 4f, x => x / 4);
    }

    private static IEnumerable<OperationRow> Binaries() =>
    [
        .. Binary("Add", (x, y) => x.Add(y), (x, y) => x + y),
        .. Binary("Subtract", (x, y) => x.Subtract(y), (x, y) => x - y),
        .. Binary("Multiply", (x, y) => x.Multiply(y), (x, y) => x * y),
        .. Binary("Divide", (x, y) => x.Divide(y), (x, y) => x / y, Domain.AwayFromZero),
        .. Binary("Maximum", (x, y) => x.Maximum(y), Math.Max),
        .. Binary("Minimum", (x, y) => x.Minimum(y), Math.Min),
        .. Binary("Pow(Tensor)", (x, y) => x.Pow(y), Math.Pow, Domain.AboveZero),
        .. Binary("op_Addition(Tensor, Tensor)", (x, y) => x + y, (x, y) => x + y),
        .. Binary("op_Subtraction(Tensor, Tensor)", (x, y) => x - y, (x, y) => x - y),
        .. Binary("op_Multiply(Tensor, Tensor)", (x, y) => x * y, (x, y) => x * y),
        .. Binary("op_Division(Tensor, Tensor)", (x, y) => x / y, (x, y) => x / y, Domain.AboveZero),
        .. Binary("Where", (x, y) => x.Where(Tensor.From([true, false, true], [3, 1]), y), null),
    ];

    private static OperationRow Unary(string method, Func<Tensor, Tensor> apply, Func<double, double> f, string name = "") =>
        new(method, x => apply(x[0]), x => x[0].Map(f), In(2, 3, 4, 5)) { Case = name };

    /// <summary>
    /// One row for each pair of shapes. Where <paramref name="f"/> is null, the reference selects by index along the
    /// second-to-last axis: 0 and 2 from the left operand, 1 from the right.
    /// </summary>
    private static IEnumerable<OperationRow> Binary(
        string method, Func<Tensor, Tensor, Tensor> apply, Func<double, double, double>? f, Domain domain = Domain.Anywhere)
    {
        RowInput[][] pairs =
        [
            [In(2, 3, 4), In(2, 3, 4)], [In(2, 3, 4), Parameter(4)], [Parameter(3, 1), In(2, 3, 4)], [In(2, 1, 4), In(2, 3, 1)], [In(2, 3, 3, 4), Parameter(1, 3, 1, 1)],
            [In(2, 3, 3, 4), In(2, 3, 3, 4)], [Parameter(), In(2, 3, 4)], [Parameter(1, 3, 1), Parameter(4)], [In(2, 2, 3, 2), Parameter(3, 2)],
        ];
        foreach (RowInput[] pair in pairs)
        {
            yield return new OperationRow(method, x => apply(x[0], x[1]), x => f is null ? Chosen(x[0], x[1]) : ReferenceArithmetic.Pairs(x[0], x[1], f), pair)
            {
                Case = string.Join(" with ", pair.Select(input => Shape.Create(input.Lengths))),
            }.With(domain);
        }

        static Grid Chosen(Grid x, Grid y) => Grid.Of(
            ReferenceArithmetic.BroadcastShape(ReferenceArithmetic.BroadcastShape(x.Lengths, y.Lengths), [3, 1]),
            at => at[^2] != 1 ? x.Repeated(at) : y.Repeated(at));
    }
}
