using System.Globalization;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>Checks of arguments before an attack starts.</summary>
internal static class AttackChecks
{
    internal static void Check(Attack attack, AttackTarget target, Tensor inputs, Criterion criterion)
    {
        attack.CheckOptions();
        if (!attack.Norms.Contains(attack.Norm))
        {
            throw new ArgumentException($"{attack.Name}: the norm is not supported (got {attack.Norm}, expected "
                + $"{string.Join(" or ", attack.Norms)})");
        }

        if (attack.Needs > target.Access)
        {
            throw new NotSupportedException($"{attack.Name}: needs more access (got {target.Access}, "
                + $"expected {attack.Needs}); use an attack that needs less, such as square or hop-skip-jump");
        }

        if (inputs.DType != DType.Float32
            || inputs.Rank < 1 || !Shape.Create(inputs.Shape.AsSpan()[1..]).Equals(target.SampleShape))
        {
            throw new ArgumentException($"{attack.Name}: wrong inputs (got {inputs.DType} "
                + $"{inputs.Shape}, expected float32 [N, ...] with samples of {target.SampleShape})");
        }

        if (criterion.Count is { } count && count != inputs.Shape[0])
        {
            throw new ArgumentException(
                $"{attack.Name}: criterion and inputs differ in number of samples (got {count} and {inputs.Shape[0]})");
        }

        CheckClasses(attack, target, criterion, inputs.Shape[0]);
        CheckRange(attack, target, inputs);
    }

    /// <summary>Throws if a batch size or a budget is out of range.</summary>
    internal static void Check(Attack attack, AttackRun run)
    {
        Require(run.BatchSize >= 1, nameof(run.BatchSize), run.BatchSize, "1 or more");
        Require(run.Gradients is null or >= 0, nameof(run.Gradients), run.Gradients, "0 or more");
        Require(run.Forwards is null or >= 1, nameof(run.Forwards), run.Forwards, "1 or more, for the clean sample");

        void Require(bool isRight, string option, int? value, string expected)
        {
            if (!isRight)
            {
                throw new ArgumentException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{attack.Name}: {option} is out of range (got {value}, expected {expected})"));
            }
        }
    }

    private static void CheckClasses(Attack attack, AttackTarget target, Criterion criterion, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (criterion.Label(i) is var label && (label < 0 || label >= target.Classes))
            {
                throw new ArgumentException($"{attack.Name}: invalid label of sample {i} (got "
                    + $"{label}, expected 0 to {target.Classes - 1})");
            }

            if (criterion.Target(i) >= target.Classes)
            {
                throw new ArgumentException($"{attack.Name}: invalid target class of sample {i} (got "
                    + $"{criterion.Target(i)}, expected 0 to {target.Classes - 1})");
            }
        }
    }

    private static void CheckRange(Attack attack, AttackTarget target, Tensor inputs)
    {
        ReadOnlySpan<float> values = inputs.AsSpan<float>();
        for (int i = 0; i < values.Length; i++)
        {
            if (!(values[i] >= target.Minimum && values[i] <= target.Maximum))
            {
                throw new ArgumentException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{attack.Name}: input of sample {i / target.SampleShape.Count} is outside the bounds (got "
                    + $"{values[i]}, expected {target.Minimum} to {target.Maximum}); scale the data "
                    + $"or give other bounds"));
            }
        }
    }
}
