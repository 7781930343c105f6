using Temper.Networks;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.Inference.Tests;

/// <summary>Errors are the same in every culture.</summary>
public sealed class CultureTests
{
    [Fact]
    public void Errors_have_decimal_points()
    {
        Network network = Network.Build(InputSpec.Features(3), x => x.Linear(2, name: "fc")).Initialize(RandomStream.FromSeed(1));
        var options = new CompileOptions
        {
            ExpectedDensities = new Dictionary<string, ValueDensity>(StringComparer.Ordinal) { ["fc"] = new(1.5f, 0.25f) },
        };
        using var commas = new CommaCulture();
        ArgumentException error = Assert.Throws<ArgumentException>(() => CompiledNetwork.Compile(network, options));
        Assert.Contains("got 1.5 of the elements and 0.25 of the channels,", error.Message, StringComparison.Ordinal);
    }
}
