using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Feedback;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Robustness.Training;

/// <summary>
/// Adversarial training: each step attacks its batch and then computes the loss of the method, optionally at
/// adversarially perturbed weights.
/// </summary>
public abstract record AdversarialObjective : Objective
{
    private protected AdversarialObjective()
    {
    }

    /// <summary>Attack on each batch.</summary>
    public required InnerAttack Attack { get; init; }

    /// <summary>
    /// Gamma of adversarial weight perturbation (AWP, arXiv:2004.05884): the loss is evaluated at w + gamma |w| g / |g|
    /// for each weight tensor, where g is the gradient of the same loss. 0: no weight perturbation; the authors use
    /// 0.005 to 0.01.
    /// </summary>
    public double WeightPerturbation { get; init; }

    /// <summary>Cost of a step per sample, in passes.</summary>
    public PassCount Passes
    {
        get
        {
            PassCount attack = new(Attack.Steps + (AttackLoss == InnerLoss.Divergence ? 1 : 0), Attack.Steps);
            return attack + new PassCount(Rows, Rows) + (WeightPerturbation > 0 ? new PassCount(Rows, Rows) : default);
        }
    }

    /// <summary>Loss that the attack maximizes.</summary>
    private protected virtual InnerLoss AttackLoss => InnerLoss.CrossEntropy;

    /// <summary>
    /// Whether the loss also needs the clean samples. The batch then contains the clean samples, followed by the
    /// perturbed ones.
    /// </summary>
    private protected virtual bool KeepsClean => false;

    private int Rows => KeepsClean ? 2 : 1;

    /// <inheritdoc/>
    public sealed override Batch Prepare(Network network, Batch batch, RandomStream stream)
    {
        Tensor perturbed = Attack.Run(network, batch, stream, AttackLoss);
        return KeepsClean
            ? batch with { Inputs = Tensor.Concatenate([batch.Inputs, perturbed], 0), Targets = Twice(batch.Targets) }
            : batch with { Inputs = perturbed };
    }

    /// <inheritdoc/>
    public sealed override ObjectiveValue Value(Network network, Pass pass, Batch batch) =>
        Loss(WeightPerturbation > 0 ? WeightAscent.Of(
            network, WeightPerturbation, moved => Loss(moved, Pass.Evaluation, batch).Loss) : network, pass, batch);

    /// <inheritdoc/>
    public override JsonNode Fingerprint() =>
        new JsonObject { ["attack"] = Attack.Fingerprint(), ["weightPerturbation"] = WeightPerturbation };

    /// <summary>Computes the loss of a prepared batch.</summary>
    private protected abstract ObjectiveValue Loss(Network network, Pass pass, Batch batch);

    /// <summary>
    /// Returns the logits of the clean and the perturbed half, the labels of one half, and the logits of both halves.
    /// </summary>
    private protected static (Tensor Clean, Tensor Perturbed, Tensor Labels, Tensor All) Halves(
        Network network, Pass pass, Batch batch)
    {
        int rows = batch.Inputs.Shape[0] / 2;
        Tensor all = network.Forward(batch.Inputs, pass);
        return (all.Slice(0, 0, rows), all.Slice(0, rows), Tensor.From(
            batch.Targets.AsSpan<long>()[..rows], [rows]), all);
    }

    /// <summary>Computes <c>KL(p ‖ q)</c> of each sample from logits, <c>[N]</c>.</summary>
    private protected static Tensor Divergence(Tensor p, Tensor q) =>
        (p.Softmax() * (p.LogSoftmax() - q.LogSoftmax())).Sum([1]);

    private static Tensor Twice(Tensor labels)
    {
        long[] once = labels.ToArray<long>();
        return Tensor.From([.. once, .. once], [2 * once.Length]);
    }
}

/// <summary>
/// Adversarial training with projected gradients (arXiv:1706.06083): minimizes the cross-entropy of the perturbed
/// samples.
/// </summary>
public sealed record PgdTraining : AdversarialObjective
{
    private protected override ObjectiveValue Loss(Network network, Pass pass, Batch batch)
    {
        Tensor output = network.Forward(batch.Inputs, pass);
        return new ObjectiveValue(output.CrossEntropy(batch.Targets), output);
    }
}

/// <summary>
/// TRADES (arXiv:1901.08573): minimizes <c>CE(f(x), y) + beta KL(f(x) ‖ f(x'))</c>, where x' maximizes the divergence.
/// </summary>
public sealed record TradesTraining : AdversarialObjective
{
    /// <summary>Beta: weight of robustness relative to accuracy, usually 1 to 10.</summary>
    public double Beta { get; init; } = 6;

    private protected override InnerLoss AttackLoss => InnerLoss.Divergence;

    private protected override bool KeepsClean => true;

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => new JsonObject { ["adversarial"] = base.Fingerprint(), ["beta"] = Beta };

    private protected override ObjectiveValue Loss(Network network, Pass pass, Batch batch)
    {
        (Tensor clean, Tensor perturbed, Tensor labels, Tensor all) = Halves(network, pass, batch);
        return new ObjectiveValue(
            clean.CrossEntropy(labels) + (Divergence(clean, perturbed).Mean() * (float)Beta), all);
    }
}

/// <summary>
/// MART (Wang et al., ICLR 2020): minimizes <c>BCE(f(x'), y) + lambda KL(f(x) ‖ f(x')) (1 - p_y(x))</c> with <c>BCE =
/// -log p_y(x') - log(1 - max p_k(x'))</c>, where the maximum is over the other classes k.
/// </summary>
public sealed record MartTraining : AdversarialObjective
{
    /// <summary>Lambda: weight of the divergence.</summary>
    public double Lambda { get; init; } = 5;

    private protected override bool KeepsClean => true;

    /// <inheritdoc/>
    public override JsonNode Fingerprint() =>
        new JsonObject { ["adversarial"] = base.Fingerprint(), ["lambda"] = Lambda };

    private protected override ObjectiveValue Loss(Network network, Pass pass, Batch batch)
    {
        (Tensor clean, Tensor perturbed, Tensor labels, Tensor all) = Halves(network, pass, batch);
        Tensor isRight = OneHot(labels, clean.Shape[1]);

        // The offset keeps the logarithm finite if another class has probability 1, as in the authors' code.
        Tensor others = (perturbed.Softmax() * isRight.Affine(-1, 1)).Max([1]);
        Tensor boosted = perturbed.CrossEntropy(labels) - others.Affine(-1, 1.0001f).Log().Mean();
        Tensor doubt = (clean.Softmax() * isRight).Sum([1]).Affine(-1, 1.0000001f);
        return new ObjectiveValue(boosted + ((Divergence(clean, perturbed) * doubt).Mean() * (float)Lambda), all);
    }

    private static Tensor OneHot(Tensor labels, int classes)
    {
        float[] values = new float[labels.Count * classes];
        ReadOnlySpan<long> rows = labels.AsSpan<long>();
        for (int i = 0; i < rows.Length; i++)
        {
            values[(i * classes) + (int)rows[i]] = 1;
        }

        return Tensor.From(values, [rows.Length, classes]);
    }
}
