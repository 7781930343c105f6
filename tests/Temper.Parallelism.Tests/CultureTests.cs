using Temper.Parallelism.Execution;
using Temper.Testing;

namespace Temper.Parallelism.Tests;

/// <summary>Errors are the same in every culture.</summary>
public sealed class CultureTests
{
    [Fact]
    public void Errors_have_decimal_points()
    {
        using var commas = new CommaCulture();
        Assert.Contains(
            "got -0.5,", Assert.Throws<ArgumentOutOfRangeException>(() => new DataRanksOptions { BucketMiB = -0.5 }.BucketLength).Message, StringComparison.Ordinal);
    }
}
