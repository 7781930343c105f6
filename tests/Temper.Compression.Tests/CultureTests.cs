using Temper.Compression.Pipeline;
using Temper.Compression.Pruning;
using Temper.Compression.Quantization;
using Temper.Reporting.Documents;
using Temper.Testing;

namespace Temper.Compression.Tests;

/// <summary>Texts have a decimal point where the culture of the thread has a comma.</summary>
public sealed class CultureTests
{
    [Fact]
    public void Culture_of_these_tests_has_a_comma() => Assert.Equal("1,5", WithComma(() => $"{1.5}"));

    [Fact]
    public void Report_sections_have_a_decimal_point()
    {
        var report = new SparsityReport([new("fc1.weight", 3000, 1250)], OtherCount: 0);
        Section sparsity = WithComma(() => SparsitySection.Of([("lean", report)]));
        Assert.Equal(["fc1.weight", "3,000", "1,250", "2.4"], sparsity.Blocks.OfType<DataTable>().Single().Rows[0]);
        Section quantized = WithComma(() =>
            new QuantizationOutcome(0.915, 0.9175, 0.9175, [], new Dictionary<string, string>(StringComparer.Ordinal), IsTaken: true).ToSection());
        Assert.Equal(
            "Accuracy on the held-out samples: 91.50 % after calibration on samples, 91.75 % after fine-tuning, 91.75 % at the end.",
            quantized.Blocks.OfType<Paragraph>().Single().Text);
    }

    [Fact]
    public void Errors_have_a_decimal_point()
    {
        Assert.Contains("got 1.5,", Message(() => PruningRule.LayerSparsity(1.5)), StringComparison.Ordinal);
        Assert.Contains("got -0.5,", Message(() => new CompressionOptions { Seed = 1, Pressure = -0.5 }.Validated()), StringComparison.Ordinal);
        Assert.Contains("got 12.5,", Message(() => new QuantizationOptions { Percentile = 12.5 }.Validated()), StringComparison.Ordinal);
    }

    private static string Message(Func<object> wrong) => WithComma(() => Assert.Throws<ArgumentOutOfRangeException>(wrong).Message);

    private static T WithComma<T>(Func<T> compute)
    {
        using var commas = new CommaCulture();
        return compute();
    }
}
