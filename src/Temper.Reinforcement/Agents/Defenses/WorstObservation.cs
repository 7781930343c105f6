using Temper.Networks;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Defenses;

/// <summary>
/// Finds observations close to clean ones for which a policy differs much from what it is for the clean ones.
/// </summary>
internal static class WorstObservation
{
    /// <summary>
    /// Sign steps that climb the cross-entropy of the policy at x to the policy at the clean observation, from a random
    /// start.
    /// </summary>
    /// <param name="training">Gives the network, the bounds and the random start.</param>
    /// <param name="clean"><c>[B, ...]</c>.</param>
    /// <param name="epsilon">Largest change of a number.</param>
    /// <param name="steps">Gradient steps.</param>
    /// <returns><c>[B, ...]</c>, without a gradient.</returns>
    internal static Tensor Find(in DefendedTraining training, Tensor clean, float epsilon, int steps)
    {
        float[] start = new float[clean.Count];
        training.Random.Split("start").FillUniform(start, -epsilon, epsilon);
        Tensor target = Policy(training.Network, clean).Softmax();
        var ball = new PerturbationBall(clean, epsilon)
        {
            Low = Math.Max(training.Minimum, float.MinValue), High = Math.Min(training.Maximum, float.MaxValue),
        };

        // At the clean observation itself the difference has its minimum, and so no gradient: the start is somewhere in
        // the ball.
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
