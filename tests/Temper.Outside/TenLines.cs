using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Outside;

/// <summary>A custom training loop: gradients, changes to them, steps, an edit, a checkpoint.</summary>
public static class TenLines
{
    /// <summary>Trains for some steps, inserts a block, continues training, and saves a checkpoint.</summary>
    /// <param name="network">A network with a value named <c>hidden</c>.</param>
    /// <param name="x">Inputs.</param>
    /// <param name="y">Class labels.</param>
    /// <param name="folder">Folder for the checkpoint.</param>
    /// <returns>The loss of each step.</returns>
    public static IReadOnlyList<float> Run(Network network, Tensor x, Tensor y, string folder)
    {
        var losses = new List<float>();
        RandomStream stream = RandomStream.FromSeed(7);
        using var learner = new Learner(network, new LearnerOptions { Optimizer = new Sgd { LearningRate = 0.1f, Momentum = 0.9f } });
        for (int step = 0; step < 20; step++)
        {
            using Gradients g = learner.Gradients((net, pass) => net.Forward(x, pass).CrossEntropy(y));
            g[g.Parameters[0]][0] += 1e-6f;                       // an all-reduce, noise, clipping would go here
            learner.Apply(g);
            losses.Add(g.Loss);
            if (step == 10)
            {
                learner.Edit(net => net.Splice(["hidden"], v => Block(v[0], "wider"), replaces: "hidden", fresh: stream));
            }
        }

        learner.Save(folder, new Dictionary<string, string>(StringComparer.Ordinal) { ["data"] = "blobs" });
        return losses;
    }

    /// <summary>
    /// A policy update as in PPO: several epochs over one batch, with a clipped ratio, a value head and an entropy
    /// bonus.
    /// </summary>
    /// <param name="agent">Network with two outputs: logits <c>[N, A]</c> and values <c>[N, 1]</c>.</param>
    /// <param name="observations">Observations <c>[N, D]</c>.</param>
    /// <param name="actions">Indices of the actions, <c>[N]</c>.</param>
    /// <param name="advantages">Advantages <c>[N]</c>.</param>
    /// <returns>The agent after the update, and the mean probability of the actions before and after it.</returns>
    public static (Network Agent, float Before, float After) Ppo(Network agent, Tensor observations, Tensor actions, Tensor advantages)
    {
        Tensor LogProbabilities(Network net, Pass pass) => net.Forward([observations], pass)[0].LogLikelihoodOf(actions);
        Tensor old = LogProbabilities(agent, Pass.Evaluation);
        using var learner = new Learner(agent, new LearnerOptions { Optimizer = new Adam { LearningRate = 0.01f }, Clipping = new GradientClipping { MaxNorm = 0.5f } });
        for (int epoch = 0; epoch < 4; epoch++)
        {
            using Gradients g = learner.Gradients((net, pass) =>
            {
                IReadOnlyList<Tensor> outputs = net.Forward([observations], pass);
                Tensor ratio = (outputs[0].LogLikelihoodOf(actions) - old).Exp();
                Tensor gain = (ratio * advantages).Minimum(ratio.Clamp(0.8f, 1.2f) * advantages).Mean();
                Tensor log = outputs[0].LogSoftmax();
                Tensor entropy = (log.Exp() * log).Sum([-1]).Mean().Negate();
                Tensor error = outputs[1].Reshape(advantages.Shape).MeanSquaredError(advantages);
                return (error * 0.5f) - gain - (entropy * 0.01f);
            });
            learner.Apply(g);
        }

        Network trained = learner.Snapshot();
        return (trained, old.Exp().Mean().ToScalar(), LogProbabilities(trained, Pass.Evaluation).Exp().Mean().ToScalar());
    }

    private static Value Block(Value x, string name) =>
        x.Scope(name, inner => (inner + inner.Linear(inner.Shape[1], name: "linear")).LeakyRelu(0.5f, "bend"));

    private static Tensor LogLikelihoodOf(this Tensor logits, Tensor labels) =>
        logits.LogSoftmax().NegativeLogLikelihood(labels, LossReduction.None).Negate();
}
