using Temper.Cli.Runs;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Tests.Runs;

/// <summary>Names of classes in tables and on the command line.</summary>
public sealed class ClassLabelsTests
{
    private static readonly Network Digits = Network.Build(InputSpec.Features(2), x => x.Linear(4)).WithClassNames(["zero", "one", "two", "three"]);

    /// <summary>Data from arrays have numbers in place of names.</summary>
    [Fact]
    public void Names_of_the_network_precede_numbers_of_the_data()
    {
        var data = new TensorDataset("rows", Tensor.Zeros([3, 2]), Tensor.From(new long[] { 0, 1, 2 }, [3]));
        Assert.Equal(["zero", "one", "two", "three"], ClassLabels.Of(Digits, data, 4));
        Assert.Equal(["0", "1", "2", "3"], ClassLabels.Of(Digits.WithClassNames([]), data, 4));
    }
}
