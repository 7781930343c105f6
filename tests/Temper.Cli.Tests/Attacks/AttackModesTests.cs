using Temper.Cli.Attacks;
using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;

namespace Temper.Cli.Tests.Attacks;

/// <summary>Options that one kind of attack does not read, which must not be dropped silently.</summary>
public sealed class AttackModesTests
{
    [Theory]
    [InlineData("video", "true", "epsilon", "0.1")]
    [InlineData("video", "true", "attack", "pgd")]
    [InlineData("video", "true", "budget", "5")]
    [InlineData("video", "true", "target", "1")]
    [InlineData("video", "true", "access", "decisions")]
    [InlineData("video", "true", "vnnlib", "a.vnnlib")]
    [InlineData("video", "true", "normalize", "0.5/0.25")]
    [InlineData("video", "true", "size", "8x8")]
    [InlineData("vnnlib", "a.vnnlib", "steps", "3")]
    [InlineData("vnnlib", "a.vnnlib", "surrogate", "other.onnx")]
    [InlineData("vnnlib", "a.vnnlib", "tensorboard", "true")]
    [InlineData("vnnlib", "a.vnnlib", "bounds", "0,1")]
    [InlineData("vnnlib", "a.vnnlib", "target", "1")]
    [InlineData("vnnlib", "a.vnnlib", "levels", "8")]
    public void Option_that_the_kind_of_attack_does_not_read_is_refused(string mode, string value, string name, string text) =>
        Assert.Equal($"attack: --{name} does not apply to --{mode}; leave it out", Refused((mode, value), (name, text)));

    [Theory]
    [InlineData("data", "4")]
    [InlineData("limit", "4")]
    [InlineData("true-labels", "true")]
    public void One_clip_excludes_a_set_and_its_labels(string name, string text) =>
        Assert.Equal($"attack: --{name} does not apply to --clip; leave it out", Refused(("video", "true"), ("clip", "a.mkv"), (name, text)));

    [Theory]
    [InlineData("noise,refresh", "steps", "3")]
    [InlineData("iterative,sparse", "queries", "10")]
    public void An_option_that_no_rule_reads_is_refused(string rules, string name, string text) =>
        Assert.Equal($"attack: --{name} does not apply to --rules {rules}; leave it out", Refused(("video", "true"), ("rules", rules), (name, text)));

    [Fact]
    public void A_token_wants_a_server() => Assert.Equal(
        "attack: --token-file applies only to a served model; leave it out", Refused(("model", "m.onnx"), ("data", "a.npz"), ("token-file", "none")));

    [Theory]
    [InlineData("normalize", "0.5/0.25")]
    [InlineData("architecture", "lenet-5")]
    [InlineData("resize", "linear")]
    public void A_served_model_reads_no_option_of_files(string name, string text)
    {
        (string, string) model = ("model", "http://localhost/v2/models/m");
        Assert.Equal($"attack: --{name} does not apply to a served model; leave it out", Refused(model, (name, text)));
        AttackModes.RequireOwn(Given(model, (name, text), ("surrogate", "m.onnx"), ("bounds", "0,1"), ("token-file", "token")));
    }

    [Fact]
    public void A_surrogate_gives_the_gradients() => Assert.Equal(
        "attack: --gradients does not apply to --surrogate; leave it out", Refused(("video", "true"), ("surrogate", "b"), ("gradients", "motion")));

    [Fact]
    public void Options_of_clips_want_clips() =>
        Assert.Equal("attack: --rules applies only to a network of clips; add --video, or leave it out", Refused(("data", "a.npz"), ("rules", "noise")));

    /// <summary>Frames have 8 bits, so that an attack with less than one level can change nothing.</summary>
    [Theory]
    [InlineData("0.5")]
    [InlineData("0")]
    [InlineData("4,0.5")]
    public void Levels_below_one_are_refused(string levels) => Assert.Contains(
        "numbers from 1 to 255", Settings.Refusal(() => Given(("video", "true"), ("levels", levels)).Get(VideoAttackSettings.Levels)), StringComparison.Ordinal);

    [Fact]
    public void What_is_read_is_accepted()
    {
        AttackModes.RequireOwn(Given(("video", "true"), ("data", "a"), ("levels", "8"), ("steps", "3"), ("rules", "square,sparse"), ("queries", "9"), ("limit", "4"), ("surrogate", "b"), ("fail-below", "0.1"), ("threads", "1")));
        AttackModes.RequireOwn(Given(("vnnlib", "a"), ("budget", "9"), ("seed", "2"), ("size", "8x8"), ("output", "out")));
        AttackModes.RequireOwn(Given(("data", "a"), ("attack", "pgd"), ("epsilon", "0.1"), ("bounds", "0,1"), ("no-checks", "true")));
    }

    [Fact]
    public void Samples_without_room_are_refused_with_the_option_that_helps()
    {
        // One array holds at most 2^31 - 57 numbers: 14,266 pictures of 3 x 224 x 224.
        AttackParts.RequireRoom(14_266, [3, 224, 224]);
        string refusal = Settings.Refusal(() => AttackParts.RequireRoom(50_000, [3, 224, 224]));
        Assert.Contains("expected at most 14266", refusal, StringComparison.Ordinal);
        Assert.Contains("--limit", refusal, StringComparison.Ordinal);
    }

    private static string Refused(params (string Name, string Text)[] given) => Settings.Refusal(() => AttackModes.RequireOwn(Given(given)));

    private static CommandContext Given(params (string Name, string Text)[] given) =>
        Settings.Context(new AttackCommand(), given.ToDictionary(one => one.Name, one => one.Text, StringComparer.Ordinal), TimeProvider.System);
}
