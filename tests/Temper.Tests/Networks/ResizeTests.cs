using Temper.Networks;
using Temper.Tensors;

namespace Temper.Tests.Networks;

/// <summary>
/// Compares resized lines and quantized numbers with values computed by hand; the first rows also match PyTorch's
/// interpolate.
/// </summary>
public sealed class ResizeTests
{
    [Theory]
    [InlineData(ResizeMode.Linear, ResizeCoordinates.PytorchHalfPixel, NearestRounding.Floor, 6, new[] { 0, 0.25f, 0.75f, 1.25f, 1.75f, 2 })]      // align_corners=False
    [InlineData(ResizeMode.Linear, ResizeCoordinates.AlignCorners, NearestRounding.Floor, 5, new[] { 0, 0.5f, 1, 1.5f, 2 })]                          // align_corners=True
    [InlineData(ResizeMode.Nearest, ResizeCoordinates.Asymmetric, NearestRounding.Floor, 7, new[] { 0f, 0, 0, 1, 1, 2, 2 })]                         // mode="nearest"
    [InlineData(ResizeMode.Linear, ResizeCoordinates.Asymmetric, NearestRounding.Floor, 6, new[] { 0, 0.5f, 1, 1.5f, 2, 2 })]
    [InlineData(ResizeMode.Linear, ResizeCoordinates.HalfPixel, NearestRounding.Floor, 1, new[] { 1f })]
    [InlineData(ResizeMode.Linear, ResizeCoordinates.PytorchHalfPixel, NearestRounding.Floor, 1, new[] { 0f })]
    [InlineData(ResizeMode.Nearest, ResizeCoordinates.Asymmetric, NearestRounding.Ceil, 6, new[] { 0f, 1, 1, 2, 2, 2 })]
    [InlineData(ResizeMode.Nearest, ResizeCoordinates.Asymmetric, NearestRounding.RoundPreferFloor, 6, new[] { 0f, 0, 1, 1, 2, 2 })]
    [InlineData(ResizeMode.Nearest, ResizeCoordinates.Asymmetric, NearestRounding.RoundPreferCeil, 6, new[] { 0f, 1, 1, 2, 2, 2 })]
    public void Line_of_three_is_resized_as_by_hand(ResizeMode mode, ResizeCoordinates coordinates, NearestRounding rounding, int length, float[] expected)
    {
        Network network = Network.Build(InputSpec.Features(3), x => x.Apply(new Resize(1, length) { Mode = mode, Coordinates = coordinates, Rounding = rounding }));
        Assert.Equal(expected, network.Forward(Tensor.From<float>([0, 1, 2], [1, 3])).ToArray<float>());
    }

    [Fact]
    public void Quantized_numbers_are_rounded_to_even_and_clamped_and_gradients_go_straight_through()
    {
        InputSpec Number(string name) => new() { Name = name, SampleShape = Shape.Scalar, IsBatched = false };
        Network network = Network.Build([InputSpec.Features(6), Number("scale"), Number("zero")], x => [("y", x[0].Apply(new Quantize(0, 255), null, x[1], x[2]))]);
        using var tape = new GradientTape();
        Tensor values = tape.Watch(Tensor.From<float>([-30, 0, 1, 3, 4.9f, 1000], [1, 6]));
        Tensor y = network.Forward([values, Tensor.Scalar(2f), Tensor.Scalar(10f)], Pass.Evaluation)[0];
        Assert.Equal([0f, 10, 10, 12, 12, 255], y.ToArray<float>());
        Assert.Equal([0, 0.5f, 0.5f, 0.5f, 0.5f, 0], tape.Gradient(y.Sum(), values).ToArray<float>());
    }
}
