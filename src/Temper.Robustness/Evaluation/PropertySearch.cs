using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Evaluation;

/// <summary>The result of a search for a counterexample.</summary>
/// <param name="Counterexample">
/// Counterexample with the target's shape <c>[1, ...]</c>; null: none was found, which does not prove the property.
/// </param>
/// <param name="Outputs">Outputs of the network at the counterexample; empty without one.</param>
/// <param name="Gradients">Number of backward passes used.</param>
public sealed record PropertyResult(Tensor? Counterexample, IReadOnlyList<float> Outputs, int Gradients);

/// <summary>Searches for a counterexample of a property with gradient attacks.</summary>
public static class PropertySearch
{
    /// <summary>Searches until a counterexample is found or the budget is exhausted.</summary>
    /// <param name="target">Network to search; its own input bounds are ignored.</param>
    /// <param name="property">Property to violate.</param>
    /// <param name="budget">Maximum number of backward passes.</param>
    /// <param name="random">Source of random numbers.</param>
    /// <param name="cancel">Cancels the search.</param>
    /// <exception cref="ArgumentException">The property does not match the network's inputs or outputs.</exception>
    /// <exception cref="InvalidDataException">The search ended at outputs or gradients that are not finite.</exception>
    public static PropertyResult Run(
        AttackTarget target, VnnLibProperty property, int budget, RandomStream random,
        CancellationToken cancel = default)
    {
        if (property.Low.Count != target.SampleShape.Count || property.Outputs > target.Classes)
        {
            throw new ArgumentException(
                $"property: wrong number of inputs or outputs (got {property.Low.Count} inputs and outputs up to "
                + $"Y_{property.Outputs - 1}, expected {target.SampleShape.Count} inputs and {target.Classes} "
                + "outputs)");
        }

        var box = new PropertyTarget(target, property);
        float[] middle = [.. Enumerable.Repeat(0.5f, target.SampleShape.Count)];
        Tensor clean = Tensor.From(middle, [1, .. target.SampleShape.AsSpan()]);
        var ascent = new Apgd { Epsilon = 0.5, Loss = ApgdLoss.Margin, Steps = 60 };
        int aims = Math.Min(property.Cases, 9);
        var attack = new MinimumOver([
            new Pgd { Epsilon = 0.5, Steps = 20, UsesMargin = true, StepSize = 0.1, RandomStart = false },
            new AimAtClasses(ascent, aims),
            new AimAtClasses(
                new Pgd { Epsilon = 0.5, Steps = 40, UsesMargin = true, StepSize = 0.05, Momentum = 0.5f }, aims),
            new AimAtClasses(ascent with { Steps = 200 }, Math.Min(aims, 3)),
            new Repeat(new AimAtClasses(ascent with { Steps = 100 }, Math.Min(aims, 2)), 1000),
        ]);
        AttackResult found =
            attack.Run(box, clean, Criterion.Misclassified([0]), random, new AttackRun { Gradients = budget }, cancel);
        int used = found.Samples[0].Backwards;
        if (found.Samples[0].Outcome == AttackOutcome.NotFinite)
        {
            throw new InvalidDataException("property: outputs or gradients of the network are not finite (found after "
                + $"{used} gradients), so the property cannot be searched; correct the network");
        }

        if (!found.Samples[0].IsAdversarial)
        {
            return new PropertyResult(null, [], used);
        }

        float[] x = box.InBox(found.Adversarials.AsSpan<float>(), 1);
        float[] outputs = new float[target.Classes];
        target.Scores(x, 1, outputs);
        return new PropertyResult(Tensor.From(x, [1, .. target.SampleShape.AsSpan()]), outputs, used);
    }
}

/// <summary>
/// A property as a classifier, so that any attack can search for a counterexample. Inputs in 0 to 1 are scaled to the
/// property's box. Class 0 with logit 0 means "no counterexample"; the logit of each other class is the slack of one
/// case of the property.
/// </summary>
internal sealed class PropertyTarget(AttackTarget inner, VnnLibProperty property) : WrappedTarget(inner)
{
    private readonly float[] _low = [.. property.Low];
    private readonly float[] _high = [.. property.High];

    public override float Minimum => 0;

    public override float Maximum => 1;

    public override int Classes => property.Cases + 1;

    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits)
    {
        float[] outputs = new float[count * Inner.Classes];
        Inner.Scores(InBox(x, count), count, outputs);
        Write(outputs, count, logits);
    }

    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
    {
        float[] outputs = new float[count * Inner.Classes];
        Inner.Gradient(InBox(x, count), count, outputs, (row, z, dz) => Pull(derivative, row, z, dz), gradient);
        Write(outputs, count, logits);
        for (int i = 0; i < count * _low.Length; i++)
        {
            gradient[i] *= _high[i % _low.Length] - _low[i % _low.Length];
        }
    }

    /// <summary>Scales points in 0 to 1 to the property's box.</summary>
    internal float[] InBox(ReadOnlySpan<float> x, int count)
    {
        float[] inputs = new float[count * _low.Length];
        for (int i = 0; i < inputs.Length; i++)
        {
            (float low, float high) = (_low[i % _low.Length], _high[i % _low.Length]);
            inputs[i] = Math.Clamp(low + (x[i] * (high - low)), low, high);
        }

        return inputs;
    }

    /// <summary>Converts the derivative with respect to the slacks into that with respect to the outputs.</summary>
    private void Pull(LogitDerivative derivative, int row, ReadOnlySpan<float> outputs, Span<float> dz)
    {
        float[] slacks = new float[Classes], bySlack = new float[Classes];
        var binding = new OutputComparison[property.Cases];
        property.Slacks(outputs, slacks.AsSpan(1), binding);
        derivative(row, slacks, bySlack);
        dz.Clear();
        for (int k = 0; k < binding.Length; k++)
        {
            if (binding[k].Larger >= 0)
            {
                dz[binding[k].Larger] += bySlack[k + 1];
            }

            if (binding[k].Smaller >= 0)
            {
                dz[binding[k].Smaller] -= bySlack[k + 1];
            }
        }
    }

    private void Write(float[] outputs, int count, Span<float> logits)
    {
        var binding = new OutputComparison[property.Cases];
        for (int row = 0; row < count; row++)
        {
            Span<float> own = logits.Slice(row * Classes, Classes);
            own[0] = 0;
            property.Slacks(outputs.AsSpan(row * Inner.Classes, Inner.Classes), own[1..], binding);
        }
    }
}
