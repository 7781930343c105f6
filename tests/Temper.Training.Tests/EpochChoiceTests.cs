namespace Temper.Training.Tests;

public sealed class EpochChoiceTests
{
    [Theory]
    [InlineData(0.9, 1.0, 0.8, 0.1, true)]                      // accuracy takes precedence over loss
    [InlineData(0.8, 0.1, 0.9, 1.0, false)]
    [InlineData(0.9, 0.1, 0.9, 0.2, true)]
    [InlineData(0.9, 0.2, 0.9, 0.2, false)]
    [InlineData(double.NaN, 0.1, double.NaN, 0.2, true)]        // without classes only the loss counts
    [InlineData(double.NaN, 0.3, double.NaN, 0.2, false)]
    [InlineData(double.NaN, 0.3, double.NaN, double.NaN, true)]
    [InlineData(double.NaN, double.NaN, double.NaN, 0.2, false)]
    public void IsBetter_goes_by_accuracy_then_loss(double accuracy, double loss, double otherAccuracy, double otherLoss, bool expected) =>
        Assert.Equal(expected, EpochChoice.IsBetter(Epoch(accuracy, loss), Epoch(otherAccuracy, otherLoss)));

    [Theory]
    [InlineData(new[] { 0.5, 0.6, 0.6, 0.6 }, 2, 0, true)]
    [InlineData(new[] { 0.5, 0.6, 0.6, 0.6 }, 3, 0, false)]
    [InlineData(new[] { 0.5, 0.52, 0.54, 0.56 }, 3, 0.1, true)]     // each gain too small
    [InlineData(new[] { 0.5, 0.56, 0.62, 0.68 }, 2, 0.1, false)]    // 0.62 gains enough over 0.5
    [InlineData(new[] { 0.5 }, 1, 0, false)]
    [InlineData(new double[0], 1, 0, false)]
    public void ShouldStop_counts_epochs_since_the_last_gain(double[] accuracies, int patience, double gain, bool expected) => Assert.Equal(
        expected, EpochChoice.ShouldStop([.. accuracies.Select(a => Epoch(a, 1))], new EarlyStopping { Patience = patience, MinimumGain = gain }));

    [Fact]
    public void ShouldStop_is_false_without_options() => Assert.False(EpochChoice.ShouldStop([Epoch(0, 1), Epoch(0, 1)], options: null));

    private static EpochResult Epoch(double accuracy, double loss) => new()
    {
        Epoch = 0, TrainLoss = 0, TrainAccuracy = 0, Regularization = 0, ValidationLoss = loss, ValidationAccuracy = accuracy, LearningRate = 0, IsBest = false,
    };
}
