using System.Collections;
using System.CommandLine;
using Temper.Cli.Attacks;
using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Testing;

namespace Temper.Cli.Tests.CommandLine;

/// <summary>Durations and lists under the same name as a flag, in a file and in the environment.</summary>
public sealed class SettingKindsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MadeUpCommand _command = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void No_command_has_two_settings_of_one_name()
    {
        // The parser sets only the first of them; the other would silently keep its default.
        foreach (ToolCommand command in Application.Commands)
        {
            Assert.Equal(command.AllSettings.Select(setting => setting.Name).Distinct(StringComparer.Ordinal), command.AllSettings.Select(setting => setting.Name));
        }
    }

    [Fact]
    public void Help_of_a_setting_speaks_of_no_other_command()
    {
        foreach (ToolCommand command in Application.Commands)
        {
            Assert.All(command.AllSettings, setting => Assert.DoesNotContain("compress: ", setting.Help, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("True", true)]
    [InlineData("false", false)]
    public void Switches_of_the_output_read_the_environment_as_others_do(string text, bool expected) =>
        Assert.Equal(expected, Settings.Resolve(_command, environment: new Hashtable { ["TEMPER_TRAIN__JSON"] = text }).Get(CommonSettings.Json));

    [Fact]
    public void A_wrong_switch_says_what_is_expected() => Assert.Equal(
        "TEMPER_TRAIN__JSON: cannot be used (got 'yes', expected true or false)",
        Settings.Refusal(() => Settings.Resolve(_command, environment: new Hashtable { ["TEMPER_TRAIN__JSON"] = "yes" })));

    [Fact]
    public void Nothing_given_gives_the_defaults()
    {
        SettingValues values = Settings.Resolve(_command);
        Assert.Null(values.Get(MadeUpCommand.MaxTime));
        Assert.Equal([0.1, 0.2], values.Get(MadeUpCommand.Epsilons));
        Assert.Contains("epsilons: '0.1,0.2'\n", values.ToYaml(), StringComparison.Ordinal);
        Assert.DoesNotContain("max-time", values.ToYaml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Flag_wins_over_environment_over_file()
    {
        string file = _folder.Write("run.yaml", "train:\n  max-time: 20m\n  epsilons: 0..0.4..0.2\n");
        var environment = new Hashtable { ["TEMPER_TRAIN__MAX_TIME"] = "30m", ["TEMPER_TRAIN__EPSILONS"] = "0.3" };
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["max-time"] = "none", ["epsilons"] = "0.5,0.6" };
        Assert.Equal(TimeSpan.FromMinutes(20), Settings.Resolve(_command, file: file).Get(MadeUpCommand.MaxTime));
        Assert.Equal([0, 0.2, 0.4], Settings.Resolve(_command, file: file).Get(MadeUpCommand.Epsilons));
        Assert.Equal(TimeSpan.FromMinutes(30), Settings.Resolve(_command, file: file, environment: environment).Get(MadeUpCommand.MaxTime));
        Assert.Equal([0.3], Settings.Resolve(_command, file: file, environment: environment).Get(MadeUpCommand.Epsilons));
        Assert.Null(Settings.Resolve(_command, flags, file, environment).Get(MadeUpCommand.MaxTime));
        Assert.Equal([0.5, 0.6], Settings.Resolve(_command, flags, file, environment).Get(MadeUpCommand.Epsilons));
    }

    [Theory]
    [InlineData("train:\n  epsilons: [0.1, 0.25]\n  freeze: [conv1, 'a b']\n")]
    [InlineData("train:\n  epsilons:\n    - 0.1\n    - 0.25\n  freeze:\n    - conv1\n    - a b\n")]
    [InlineData("{\"train\": {\"epsilons\": [0.1, 0.25], \"freeze\": [\"conv1\", \"a b\"]}}")]
    public void File_may_give_several_values_as_a_list(string text)
    {
        SettingValues values = Settings.Resolve(_command, file: _folder.Write("run.yaml", text));
        Assert.Equal([0.1, 0.25], values.Get(MadeUpCommand.Epsilons));
        Assert.Equal(["conv1", "a b"], values.Get(MadeUpCommand.Freeze));
    }

    /// <summary>A repeated flag gives one name per line.</summary>
    [Theory]
    [InlineData("fgsm,pgd,mi-fgsm")]
    [InlineData("fgsm\npgd\nmi-fgsm")]
    [InlineData("fgsm, pgd\nmi-fgsm")]
    public void Names_are_separated_by_commas_or_given_one_by_one(string text)
    {
        SettingValues values = Settings.Resolve(_command, new(StringComparer.Ordinal) { ["methods"] = text });
        Assert.Equal(["fgsm", "pgd", "mi-fgsm"], values.Get(MadeUpCommand.Methods));
        SettingValues again = Settings.Resolve(_command, file: _folder.Write("config.yaml", values.ToYaml()));
        Assert.Equal(values.Get(MadeUpCommand.Methods), again.Get(MadeUpCommand.Methods));
        Assert.Empty(values.Differences(again));
    }

    [Theory]
    [InlineData("fgsm,")]
    [InlineData("fgsm,,pgd")]
    [InlineData(" ")]
    public void An_empty_name_is_refused(string text) => Assert.Equal(
        $"--methods: cannot be used (got '{text}', expected names, separated by commas)",
        Settings.Refusal(() => Settings.Resolve(_command, new(StringComparer.Ordinal) { ["methods"] = text })));

    /// <summary>Names of files may contain commas.</summary>
    [Fact]
    public void Words_are_not_separated_by_commas()
    {
        SettingValues values = Settings.Resolve(_command, new(StringComparer.Ordinal) { ["freeze"] = "a,b\nc" });
        Assert.Equal(["a,b", "c"], values.Get(MadeUpCommand.Freeze));
    }

    [Theory]
    [InlineData("train:\n  max-time: null\n  epsilons: ~\n  freeze:\n")]
    [InlineData("{\"train\": {\"max-time\": null, \"epsilons\": null, \"freeze\": null}}")]
    [InlineData("train:\n")]
    public void Null_in_a_file_means_not_given(string text)
    {
        SettingValues values = Settings.Resolve(_command, file: _folder.Write("run.yaml", text));
        Assert.Null(values.Get(MadeUpCommand.MaxTime));
        Assert.Equal([0.1, 0.2], values.Get(MadeUpCommand.Epsilons));
        Assert.Empty(values.Get(MadeUpCommand.Freeze));
        Assert.False(values.IsGiven(MadeUpCommand.Epsilons));
    }

    /// <summary>A text such as a folder's name may be "null"; it is written in quotes, which are no null.</summary>
    [Theory]
    [InlineData("null")]
    [InlineData("NULL")]
    [InlineData("~")]
    [InlineData("")]
    public void Quoted_null_is_text(string text)
    {
        string file = _folder.Write("run.yaml", $"train:\n  name: {ConfigFile.Quoted(text)}\n  other: null\n");
        IReadOnlyDictionary<string, string> values = ConfigFile.Load(file).Values("train");
        Assert.Equal("name", Assert.Single(values.Keys));
        Assert.Equal(text, values["name"]);
    }

    [Fact]
    public void Written_settings_give_themselves_again()
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["max-time"] = "1h30m", ["epsilons"] = "-0,1..3", ["freeze"] = "conv1\nit's: [odd], #really\nlast",
        };
        SettingValues given = Settings.Resolve(_command, flags);
        SettingValues again = Settings.Resolve(_command, file: _folder.Write("run.yaml", given.ToYaml()));
        Assert.Equal(given.ToYaml(), again.ToYaml());
        Assert.Equal(TimeSpan.FromMinutes(90), again.Get(MadeUpCommand.MaxTime));
        Assert.Equal([0, 1, 2, 3], again.Get(MadeUpCommand.Epsilons));
        Assert.Equal(["conv1", "it's: [odd], #really", "last"], again.Get(MadeUpCommand.Freeze));
    }

    [Theory]
    [InlineData("max-time", "20", "--max-time: cannot be used (got '20', expected a duration with its unit (ms, s, m, h or d), such as 90s, 20m or 1h30m; for 20 seconds: 20s)")]
    [InlineData("epsilons", "-1", "--epsilons: cannot be used (got '-1', expected numbers of at least 0, separated by commas, or ranges such as 0..1..0.25)")]
    public void Value_that_cannot_be_used_is_refused_with_flag_value_and_what_is_expected(string name, string text, string message)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { [name] = text };
        var error = Assert.Throws<ToolException>(() => Settings.Resolve(_command, flags));
        Assert.Equal((ExitCode.Usage, message), (error.ExitCode, error.Message));
    }

    [Theory]
    [InlineData("--rules noise,sparse", "noise,sparse")]
    [InlineData("--rules noise --rules sparse", "noise,sparse")]
    [InlineData("--rules noise model.safetensors", "noise")]
    [InlineData("model.safetensors", null)]
    public void Names_are_separated_by_commas_or_by_the_repeated_flag(string line, string? expected)
    {
        string? found = "not parsed";
        Command command = new AttackCommand().ToCommand((_, _, text) =>
        {
            found = text(VideoAttackSettings.Rules);
            return ExitCode.Success;
        });
        Assert.Equal(ExitCode.Success, command.Parse(line).Invoke());
        Assert.Equal(expected, found);
    }

    [Fact]
    public void Names_of_a_file_are_a_list_or_one_text()
    {
        foreach (string names in (string[])["noise,sparse", "[noise, sparse]"])
        {
            SettingValues values = Settings.Resolve(new AttackCommand(), file: _folder.Write("run.yaml", $"attack:\n  rules: {names}\n"));
            Assert.Equal(["noise", "sparse"], values.Get(VideoAttackSettings.Rules));
            Assert.Contains("rules: 'noise,sparse'\n", values.ToYaml(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Help_tells_defaults()
    {
        Assert.EndsWith("or none [default: none]", Cli.Runs.TrainingSettings.Augment.ToListOption().Description, StringComparison.Ordinal);
        Assert.Equal("How far [default: 0.1,0.2]", MadeUpCommand.Epsilons.ToOption().Description);
        Assert.Equal("How long", MadeUpCommand.MaxTime.ToOption().Description);
    }
}
