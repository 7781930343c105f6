using Temper.Networks;

namespace Temper.Testing;

/// <summary>A residual network whose blocks scale their branch by a constant per channel.</summary>
public static class ScaledBlocks
{
    public static Network Make() => Network.Build(InputSpec.Image(3, 8, 8), x =>
    {
        x = x.Conv2d(4, kernel: 3, padding: 1);
        for (int i = 0; i < 2; i++)
        {
            Value scale = x.Builder.Add(new ConstantValue([4, 1, 1]), $"scale{i}", parametersOf: null, []);
            x += x.Conv2d(4, kernel: 3, padding: 1).Relu() * scale;
        }

        return x.Flatten().Linear(3);
    });
}
