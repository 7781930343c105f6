using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Robustness.Training;

/// <summary>
/// Adversarial weight perturbation (AWP, arXiv:2004.05884). Biases and scales are not perturbed, as in the authors'
/// code.
/// </summary>
internal static class WeightAscent
{
    /// <summary>
    /// Returns the network at w + gamma |w| g / |g|. Gradients flow to the original weights; the shift is treated as a
    /// constant.
    /// </summary>
    /// <param name="network">Network being trained.</param>
    /// <param name="gamma">Norm of the shift as a fraction of the norm of each weight tensor.</param>
    /// <param name="loss">Loss that the shift increases.</param>
    internal static Network Of(Network network, double gamma, Func<Network, Tensor> loss)
    {
        Parameter[] weights = [.. network.Parameters.Where(parameter => parameter.IsTrainable
            && parameter.Value.Rank > 1)];
        var shifts = new Tensor[weights.Length];
        using (GradientTape.Suspend())
        {
            using var tape = new GradientTape();
            Tensor[] sources = [.. weights.Select(weight => tape.Watch(weight.Value))];
            GradientMap gradients = tape.Gradient(loss(network), sources);
            for (int i = 0; i < shifts.Length; i++)
            {
                Tensor gradient = gradients.Gradients[i].Detach();
                double length = Length(gradient), size = Length(sources[i]);
                float factor = length > 0 ? (float)(gamma * size / length) : 0;
                float[] values = gradient.ToArray<float>();
                TensorPrimitives.Multiply(values, factor, values);
                shifts[i] = Tensor.From(values, gradient.Shape);
            }
        }

        return network.WithParameters(weights.Select((weight, i) => weight with { Value = weight.Value + shifts[i] }));
    }

    private static double Length(Tensor x) => Attacks.Perturbations.Length(x.AsSpan<float>());
}
