using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Robustness.Attacks;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Cli.Attacks;

/// <summary>What an attack may read from the attacked model, and from its surrogate.</summary>
internal static class AttackAccess
{
    private const string Usual = "usual";

    /// <summary>The weakest access first, as in <see cref="Access"/>.</summary>
    private static readonly string[] Words = ["decisions", "scores", "gradients"];

    internal static Setting<string> Setting { get; } = CommandLine.Setting.Choice(
        "access", "What an attack may read from MODEL: gradients, scores, or decisions (the predicted class only); "
            + "usual: gradients, and scores of a served model, which has no gradients", Usual, [Usual, .. Words]);

    /// <summary>Name of an access on the command line.</summary>
    internal static string Shown(Access access) => Words[(int)access];

    /// <summary>Access to the attacked model.</summary>
    internal static Access OfModel(CommandContext context)
    {
        string asked = context.Get(Setting), model = context.Get(ModelSource.Setting) ?? "";
        Access most = UsualOf(model), access = asked is Usual ? most : (Access)Array.IndexOf(Words, asked);
        return access <= most ? access : throw ToolException.Usage(
            $"{Setting.Flag}: a served model provides no gradients (got {asked}, expected scores or decisions); "
            + $"compute the attack on another model with {AttackSettings.Surrogate.Flag}");
    }

    /// <summary>Access to the model on which the perturbations are computed: the surrogate, if there is one.</summary>
    internal static Access OfComputation(CommandContext context) =>
        context.Get(AttackSettings.Surrogate) is { } surrogate ? UsualOf(surrogate) : OfModel(context);

    /// <summary>The most that a model provides.</summary>
    internal static Access UsualOf(string model) => AttackSubject.IsServed(model) ? Access.Scores : Access.Gradients;

    /// <summary>Throws a usage error if an attack needs more than it may read.</summary>
    internal static void Require(CommandContext context, Attack attack)
    {
        Access access = OfComputation(context);
        if (attack.Needs > access)
        {
            throw ToolException.Usage($"{AttackSettings.Attack.Flag}: {attack.Name} needs more access to the model "
                + $"(got {Shown(access)}, expected {Shown(attack.Needs)}); choose an attack that needs less, such as "
                + $"{(access == Access.Scores ? "square or " : "")}hop-skip-jump"
                + (context.Get(AttackSettings.Surrogate) is null
                    ? $", or compute the attack on another model with {AttackSettings.Surrogate.Flag}"
                    : ""));
        }
    }

    /// <summary>Returns a target that provides no more than an access.</summary>
    internal static AttackTarget Limit(AttackTarget target, Access access) =>
        access < target.Access ? new LimitedTarget(target, access) : target;

    /// <summary>
    /// A target of which only scores or decisions are used. A decision is 1 for the predicted class and 0 for the
    /// others. Logits that are not finite stay as they are, because no class is predicted.
    /// </summary>
    private sealed class LimitedTarget(AttackTarget inner, Access access) : WrappedTarget(inner)
    {
        public override Access Access => access;

        public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits)
        {
            Inner.Scores(x, count, logits);
            for (int row = 0; row < count && access == Access.Decisions; row++)
            {
                Span<float> own = logits.Slice(row * Classes, Classes);
                if (!own.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
                {
                    int winner = TensorPrimitives.IndexOfMax<float>(own);
                    own.Clear();
                    own[winner] = 1;
                }
            }
        }

        public override void Gradient(
            ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient) =>
            throw new NotSupportedException(
                $"attack: gradients are not available (got {Setting.Flag} {Shown(access)}, expected gradients)");
    }
}
