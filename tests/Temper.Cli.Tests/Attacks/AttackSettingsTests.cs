using Temper.Cli.Attacks;
using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Robustness.Attacks;

namespace Temper.Cli.Tests.Attacks;

/// <summary>Settings of <c>temper attack</c> that an attack does not support are refused before any work.</summary>
public sealed class AttackSettingsTests
{
    [Theory]
    [InlineData("fgsm", "l0", "linf, l2 or l1")]
    [InlineData("autoattack", "l1", "linf or l2")]
    [InlineData("ddn", "linf", "l2")]
    [InlineData("hop-skip-jump", "l1", "l2")]
    public void Norm_that_the_attack_does_not_support_is_refused(string attack, string norm, string expected) => Assert.Equal(
        $"--norm: {attack} does not support {norm} (expected {expected})",
        Settings.Refusal(() => AttackSettings.Create(Given(("attack", attack), ("norm", norm), ("epsilon", "0.1")))));

    [Fact]
    public void Norm_of_a_threat_model_is_checked_too() => Assert.Equal(
        "--threat: ddn does not support linf (expected l2)",
        Settings.Refusal(() => AttackSettings.Create(Given(("attack", "ddn"), ("threat", "mnist-linf-0.1")))));

    [Fact]
    public void Radius_of_a_threat_model_is_not_replaced()
    {
        Assert.Equal(
            "--epsilon: contradicts --threat mnist-linf-0.3; give only one of them",
            Settings.Refusal(() => AttackSettings.Create(Given(("threat", "mnist-linf-0.3"), ("epsilon", "0.01")))));
        Assert.Equal("autoattack", AttackSettings.Create(Given(("model", "m.onnx"), ("threat", "mnist-linf-0.3"), ("epsilon", "0.3"))).Name);
    }

    [Fact]
    public void A_radius_of_zero_is_refused() => Assert.StartsWith(
        "--epsilon: is out of range (got 0, expected above zero)",
        Settings.Refusal(() => AttackSettings.Create(Given(("attack", "pgd"), ("epsilon", "0")))), StringComparison.Ordinal);

    [Theory]
    [InlineData("mim")]
    [InlineData("pgd")]
    [InlineData("bim")]
    public void Attack_has_the_name_it_was_asked_for(string name) =>
        Assert.Equal(name, AttackSettings.Create(Given(("attack", name), ("epsilon", "0.1"))).Name);

    [Theory]
    [InlineData("noise")]
    [InlineData("corruptions")]
    [InlineData("hop-skip-jump")]
    public void Target_wants_an_attack_that_works_towards_it(string attack)
    {
        Assert.StartsWith(
            $"--target: {attack} does not support a target class",
            Settings.Refusal(() => AttackSettings.Create(Given(("attack", attack), ("epsilon", "0.1"), ("target", "1")))), StringComparison.Ordinal);
        Assert.Equal(attack, AttackSettings.Create(Given(("attack", attack), ("epsilon", "0.1"))).Name);
        Assert.Equal("pgd", AttackSettings.Create(Given(("attack", "pgd"), ("epsilon", "0.1"), ("target", "1"))).Name);
    }

    [Theory]
    [InlineData("decisions", "fgsm", "gradients", "hop-skip-jump")]
    [InlineData("decisions", "square", "scores", "hop-skip-jump")]
    [InlineData("scores", "autoattack", "gradients", "square or hop-skip-jump")]
    public void An_attack_that_needs_more_access_is_refused(string access, string attack, string needs, string others) => Assert.Equal(
        $"--attack: {attack} needs more access to the model (got {access}, expected {needs}); choose an attack that needs less, such as {others}, "
        + "or compute the attack on another model with --surrogate",
        Settings.Refusal(() => AttackSettings.Create(Given(("model", "m.onnx"), ("access", access), ("attack", attack), ("epsilon", "0.1")))));

    [Theory]
    [InlineData("m.onnx", "usual", "0.1", "autoattack")]
    [InlineData("m.onnx", "gradients", null, "minimal-l2")]
    [InlineData("m.onnx", "scores", "0.1", "square")]
    [InlineData("m.onnx", "scores", null, "hop-skip-jump")]
    [InlineData("m.onnx", "decisions", "0.1", "hop-skip-jump")]
    [InlineData("http://a/m", "usual", "0.1", "square")]
    [InlineData("http://a/m", "decisions", "0.1", "hop-skip-jump")]
    public void The_usual_attack_is_the_strongest_for_the_access(string model, string access, string? radius, string expected) => Assert.Equal(
        expected, AttackSettings.Create(Given([("model", model), ("access", access), .. radius is null ? Array.Empty<(string, string)>() : [("epsilon", radius)]])).Name);

    [Fact]
    public void Access_restricts_the_model_and_not_its_surrogate()
    {
        Assert.Equal("autoattack", AttackSettings.Create(Given(("model", "m.onnx"), ("access", "decisions"), ("surrogate", "b.onnx"), ("epsilon", "0.1"))).Name);
        Assert.Contains(
            "a served model provides no gradients", Settings.Refusal(() => AttackSettings.Create(Given(("model", "http://a/m"), ("access", "gradients")))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fgsm")]
    [InlineData("corruptions")]
    public void Steps_want_an_attack_with_steps(string attack) => Assert.Equal(
        $"attack: --steps does not apply to --attack {attack}; leave it out",
        Settings.Refusal(() => AttackSettings.Create(Given(("attack", attack), ("epsilon", "0.1"), ("steps", "7")))));

    [Theory]
    [InlineData("mim")]
    [InlineData("hop-skip-jump")]
    public void Restarts_want_an_attack_with_random_starts(string attack) => Assert.Equal(
        $"attack: --restarts does not apply to --attack {attack}; leave it out",
        Settings.Refusal(() => AttackSettings.Create(Given(("attack", attack), ("epsilon", "0.1"), ("restarts", "2")))));

    [Theory]
    [InlineData("pgd")]
    [InlineData("apgd-ce")]
    [InlineData("apgd-dlr")]
    [InlineData("apgd-t")]
    [InlineData("square")]
    [InlineData("fab")]
    [InlineData("autoattack")]
    [InlineData("autoattack-rand")]
    public void Restarts_reach_the_attack_and_its_parts(string name)
    {
        Attack attack = AttackSettings.Create(Given(("attack", name), ("epsilon", "0.1"), ("restarts", "3")));
        Assert.All(attack is AutoAttack all ? all.Members : [attack], part => Assert.Equal(3, part switch
        {
            FinishedInBall { Inner: Pgd pgd } => pgd.Restarts,
            FinishedInBall { Inner: Apgd apgd } => apgd.Restarts,
            Apgd apgd => apgd.Restarts,
            Square square => square.Restarts,
            Fab fab => fab.Restarts,
            _ => 0,
        }));
    }

    [Theory]
    [InlineData("dog", 1)]
    [InlineData("0", 0)]
    [InlineData("7", 2)]
    [InlineData(null, null)]
    public void Target_is_a_name_or_else_an_index(string? text, int? expected) => Assert.Equal(
        expected, AttackSettings.TargetOf(text is null ? Given() : Given(("target", text)), ["cat", "dog", "7"]));

    [Theory]
    [InlineData("3", "expected an index of 0 to 2 or a name")]
    [InlineData("-1", "expected an index of 0 to 2 or a name")]
    [InlineData("dgo", "did you mean 'dog'?")]
    public void Target_that_is_no_class_is_refused(string text, string why) => Assert.Contains(
        why, Settings.Refusal(() => AttackSettings.TargetOf(Given(("target", text)), ["cat", "dog", "bird"])), StringComparison.Ordinal);

    /// <summary>Another index is as wrong as the one that was given.</summary>
    [Fact]
    public void An_index_out_of_range_has_no_suggestion()
    {
        string[] digits = [.. Enumerable.Range(0, 10).Select(i => $"{i}")];
        Assert.Equal(
            "--target: no such class (got '12', expected an index of 0 to 9 or a name)",
            Settings.Refusal(() => AttackSettings.TargetOf(Given(("target", "12")), digits)));
    }

    private static CommandContext Given(params (string Name, string Text)[] given) =>
        Settings.Context(new AttackCommand(), given.ToDictionary(one => one.Name, one => one.Text, StringComparer.Ordinal), TimeProvider.System);
}
