using Temper.Training.Evaluation;

namespace Temper.Training.Tests.Evaluation;

public sealed class ConfusionMatrixTests
{
    [Fact]
    public void Shares_are_those_of_the_counts()
    {
        var matrix = new ConfusionMatrix(3);
        foreach ((int actual, int predicted) in ((int, int)[])[(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 1)])
        {
            matrix.Add(actual, predicted);
        }

        Assert.Equal((6, 4, 4 / 6.0), (matrix.Count, matrix.Correct, matrix.Accuracy));
        Assert.Equal((2 / 3.0, 2 / 3.0), (matrix.Recall(0), matrix.Precision(0)));
        Assert.True(double.IsNaN(matrix.Recall(2)) && double.IsNaN(matrix.Precision(2)));
        Assert.Equal("  2  1  0\n  1  2  0\n  0  0  0\n", matrix.ToString());
    }

    [Fact]
    public void A_sample_without_a_predicted_class_is_wrong()
    {
        var matrix = new ConfusionMatrix(2);
        matrix.Add(0, 0);
        matrix.AddUnanswered(0);
        matrix.AddUnanswered(1);
        Assert.Equal((3, 1, 1 / 3.0, 2), (matrix.Count, matrix.Correct, matrix.Accuracy, matrix.Unanswered));
        Assert.Equal((0.5, 0, 1), (matrix.Recall(0), matrix.Recall(1), matrix.Precision(0)));
        Assert.Equal("  1  0  1\n  0  0  1\n", matrix.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.AddUnanswered(2));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 3)]
    public void A_class_that_is_not_there_is_refused(int actual, int predicted) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConfusionMatrix(3).Add(actual, predicted));

    [Fact]
    public void Without_samples_the_accuracy_is_not_a_number() => Assert.True(double.IsNaN(new ConfusionMatrix(2).Accuracy));
}
