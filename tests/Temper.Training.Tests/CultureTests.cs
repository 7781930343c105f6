namespace Temper.Training.Tests;

/// <summary>Errors are the same in every culture.</summary>
public sealed class CultureTests
{
    [Fact]
    public void Errors_have_decimal_points()
    {
        using var commas = new CommaCulture();
        Assert.Contains(
            "got loss -1.5 at step 3 with learning rate 0.25,", new TrainingDivergedException(3, loss: -1.5f, learningRate: 0.25f).Message, StringComparison.Ordinal);
        Assert.Contains("learning rate 0.25)", TrainingDivergedException.OfTensor(3, "fc.weight", 0.25f).Message, StringComparison.Ordinal);
        Assert.Contains(
            "got -0.5,", Assert.Throws<ArgumentOutOfRangeException>(() => new EarlyStopping { MinimumGain = -0.5 }.Validated()).Message, StringComparison.Ordinal);
    }
}
