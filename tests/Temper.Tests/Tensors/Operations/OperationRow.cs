using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing.References;

namespace Temper.Tests.Tensors.Operations;

/// <summary>Ranges of input values that avoid kinks, poles and ties.</summary>
internal enum Domain
{
    Anywhere,
    AboveZero,
    AwayFromZero,
    FarApart,
    Fractions,
}

/// <summary>
/// One input: its shape, its range of values, whether axis 0 is the batch, and whether it is a constant without
/// gradient.
/// </summary>
internal sealed record RowInput(params int[] Lengths)
{
    internal Domain Domain { get; init; }

    internal bool IsBatched { get; init; } = true;

    internal bool IsConstant { get; init; }

    internal Grid Values(int place, bool emptyBatch)
    {
        int[] lengths = emptyBatch && IsBatched && Lengths.Length > 0 ? [0, .. Lengths[1..]] : Lengths;
        RandomStream stream = RandomStream.FromSeed(17).Split(place);
        RandomCursor cursor = stream.Cursor();
        int count = Shape.Create(lengths).Count;
        int[] order = stream.Permutation(count);
        // Rounded to float32 so that the library and the reference start from the same numbers.
        return new Grid(lengths, [.. Enumerable.Range(0, count).Select(i => (double)(Domain switch
        {
            Domain.AboveZero => cursor.NextSingle(0.5f, 2),
            Domain.AwayFromZero => cursor.NextSingle(0.1f, 2) * (cursor.NextBoolean() ? 1 : -1),
            Domain.FarApart => (0.1f * order[i]) - 1.03f,
            Domain.Fractions => cursor.NextSingle(0.05f, 0.95f),
            _ => cursor.NextGaussian(),
        }))]);
    }
}

/// <summary>An operation, its inputs, and its reference implementation in plain loops.</summary>
/// <param name="Method">
/// The public method or operator of <see cref="Tensor"/>, with parameter types where it is overloaded.
/// </param>
internal sealed record OperationRow(string Method, Func<Tensor[], Tensor> Apply, Func<Grid[], Grid> Reference, params RowInput[] Inputs)
{
    /// <summary>Distinguishes rows of the same method.</summary>
    internal string Case { get; init; } = "";

    /// <summary>Whether PyTorch accepts an empty batch; only then is one tested.</summary>
    internal bool TakesEmptyBatch { get; init; } = true;

    /// <summary>
    /// Combinations of memory layouts of inputs and cotangent; only rank-4 tensors have more than one layout.
    /// </summary>
    internal IEnumerable<(Layout Input, Layout Output)> Layouts(int outputRank)
    {
        Layout[] both = [Layout.RowMajor, Layout.ChannelsLast], one = [Layout.RowMajor];
        return (Inputs.Any(input => input.Lengths.Length == 4) ? both : one).SelectMany(input => (outputRank == 4 ? both : one).Select(output => (input, output)));
    }

    internal OperationRow With(Domain domain) => this with { Inputs = [.. Inputs.Select(input => input with { Domain = domain })] };

    public override string ToString() => Case.Length == 0 ? Method : $"{Method}: {Case}";
}
