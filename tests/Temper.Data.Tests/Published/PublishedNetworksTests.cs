using Temper.Testing;

namespace Temper.Data.Tests.Published;

public sealed class PublishedNetworksTests
{
    private const float Tolerance = 1e-3f;

    [OutsideDataTheory(PublishedNetworks.Cifar, PublishedNetworks.CifarTest)]
    [InlineData("resnet20")]
    [InlineData("resnet56")]
    public void Forward_of_a_published_cifar_network_gives_the_recorded_logits(string name) =>
        Assert.InRange(PublishedNetworks.Load(name).Measure(count: 200).Worst, 0, Tolerance);

    [OutsideDataTheory(PublishedNetworks.Mnist, PublishedNetworks.MnistTest)]
    [InlineData("convex_mnist", 0.9820)]
    [InlineData("fmn_mnist", 0.9814)]
    public void Forward_of_a_published_mnist_network_gives_the_recorded_logits_and_accuracy(string name, double accuracy)
    {
        (double found, float worst) = PublishedNetworks.Load(name).Measure(count: 10_000);
        Assert.InRange(worst, 0, Tolerance);
        Assert.Equal(accuracy, found, 1e-9);
    }

    /// <summary>All 10,000 pictures: about half a minute on two cores.</summary>
    [LongTheory(PublishedNetworks.Cifar, PublishedNetworks.CifarTest)]
    [InlineData("resnet20", 0.9173)]
    [InlineData("resnet56", 0.9339)]
    public void Forward_of_a_published_cifar_network_has_the_recorded_accuracy(string name, double accuracy)
    {
        (double found, float worst) = PublishedNetworks.Load(name).Measure(count: 10_000);
        Assert.InRange(worst, 0, Tolerance);
        Assert.Equal(accuracy, found, 1e-9);
    }
}
