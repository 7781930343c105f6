using Temper.Networks;

namespace Temper.Inference;

/// <summary>
/// Lets a fully connected layer that follows a flattened image read the image directly. The weights are permuted once
/// to the image's layout, instead of converting the image in every run.
/// </summary>
internal static class FlattenFusion
{
    internal static IReadOnlyList<Layer> Apply(
        IReadOnlyList<Layer> layers, IReadOnlyList<ValueInfo> values, IReadOnlyList<int> outputs)
    {
        var images = new Dictionary<int, int>();          // flattened value -> image
        foreach (Layer layer in layers.Where(layer => layer is ReshapeLayer
            && IsFlattenedImage(values[layer.Inputs[0]], values[layer.Output])))
        {
            bool isForLinear = !outputs.Contains(layer.Output)
                && layers.Where(user => user.Inputs.Contains(layer.Output))
                    .All(user => user is LinearLayer { Winners: null });
            if (isForLinear)
            {
                images.Add(layer.Output, layer.Inputs[0]);
            }
        }

        return
        [
            .. layers.Where(layer => !images.ContainsKey(layer.Output) || layer is not ReshapeLayer)
                .Select(layer => layer is LinearLayer linear && images.TryGetValue(linear.Inputs[0], out int image)
                    ? linear with
                    {
                        Inputs = [image], Image = (values[image].Shape[1], values[image].Shape.CountOf(2, 4)),
                    }
                    : layer),
        ];
    }

    private static bool IsFlattenedImage(in ValueInfo image, in ValueInfo flat) =>
        image.Shape.Rank == 4 && flat.Shape.Rank == 2 && flat.Shape[0] == image.Shape[0];
}
