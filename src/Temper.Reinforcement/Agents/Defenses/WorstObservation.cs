using Temper.Networks;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// Finds observations close to the clean ones at which the policy differs strongly from the policy at the clean ones.
/// </summary>
internal static class WorstObservation
{
    /// <summary>
    /// Takes gradient sign steps that increase the cross-entropy between the policy at x and the policy at the clean
    /// observation, from a random start.
    /// </summary>
    /// <param name="training">The network, the bounds of observations and the random start.</param>
    /// <param name="clean">Clean observations, <c>[B, ...]</c>.</param>
    /// <param name="epsilon">Largest change of each value.</param>
    /// <param name="steps">Number of gradient steps.</param>
    /// <returns>Perturbed observations, <c>[B, ...]</c>, without gradient.</returns>
    internal static Tensor Find(in DefendedTraining training, Tensor clean, float epsilon, int steps)
    {
        float[] start = new float[clean.Count];
        training.Random.Split("start").FillUniform(start, -epsilon, epsilon);
        Tensor target = Policy(training.Network, clean).Softmax();
        var ball = new PerturbationBall(clean, epsilon)
        {
            Low = Math.Max(training.Minimum, float.MinValue), High = Math.Min(training.Maximum, float.MaxValue),
        };

        // The cross-entropy has its minimum, and so zero gradient, at the clean observation; therefore start at a
        // random point of the ball.
        Tensor x = (clean + Tensor.From(start, clean.Shape)).Clamp(ball.Low, ball.High);
        float size = steps == 1 ? 2 * epsilon : 2.5f * epsilon / steps;
        for (int i = 0; i < steps; i++)
        {
            Tensor gradient;
            using (var tape = new GradientTape())
            {
                Tensor watched = tape.Watch(x);
                Tensor loss = -(target * Policy(training.Network, watched).LogSoftmax()).Sum();
                gradient = tape.Gradient(loss, watched).Detach();
            }

            x = ball.SignStep(x, gradient, size);
        }

        return x;
    }

    private static Tensor Policy(Network network, Tensor observations) =>
        network.Forward([observations], Pass.Evaluation)[0];
}
