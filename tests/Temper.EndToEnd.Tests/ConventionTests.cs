using System.Text.Json;

namespace Temper.EndToEnd.Tests;

/// <summary>Conventions of every command: streams, exit codes, colors, settings.</summary>
public sealed class ConventionTests
{
    private const char Escape = '\u001b';

    [Fact]
    public void Help_goes_to_standard_output_and_succeeds()
    {
        ToolResult result = Tool.RunProcess("--help");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("temper [command]", result.Output, StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Fact]
    public void List_of_commands_is_what_the_library_would_write()
    {
        string library = Tool.Run("--help", "--help").Output;
        Assert.Contains("Commands:", library, StringComparison.Ordinal);
        Assert.Equal(library, Tool.Run("--help").Output);
    }

    [Fact]
    public void List_of_commands_fits_the_width()
    {
        using var writer = new StringWriter();
        Cli.CommandLine.RootHelp.Write(writer, 40, "A text.", [("train", "Train a network of any kind on any data that can be read"), ("x", "y")]);
        string[] lines = writer.ToString().ReplaceLineEndings("\n").Split('\n');
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 40));
        Assert.Contains("  train  Train a network of any kind on", lines);
        Assert.Contains("         any data that can be read", lines);
        Assert.Contains("  x      y", lines);
    }

    [Fact]
    public void Version_is_one_line()
    {
        ToolResult result = Tool.RunProcess("--version");
        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", result.Output.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData("'doctor'", "doctr")]
    [InlineData("'--threads'", "doctor", "--thread", "1")]
    [InlineData("'fashion-mnist'", "data", "verify", "fashion-mist")]
    public void Unknown_word_gives_2_and_a_suggestion(string suggestion, params string[] arguments)
    {
        ToolResult result = Tool.Run(arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains($"did you mean {suggestion}?", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("doctor", "--threads", "many")]
    [InlineData("doctor", "--color", "blue")]
    [InlineData("inspect", "no-such-network")]
    [InlineData("inspect")]
    [InlineData("completion", "tcsh")]
    public void Value_that_cannot_be_used_gives_2_in_one_line(params string[] arguments)
    {
        ToolResult result = Tool.Run(arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("doctor")]
    [InlineData("inspect", "lenet-5")]
    [InlineData("data", "list")]
    [InlineData("bench", "--filter", "64 x 300", "--seconds", "0.01")]
    public void Json_is_exactly_one_document(params string[] arguments)
    {
        ToolResult result = Tool.Run([.. arguments, "--json"]);
        Assert.Equal(0, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Equal(1, document.RootElement.GetProperty("schema").GetInt32());
        Assert.Equal(arguments[0], document.RootElement.GetProperty("command").GetString()!.Split(' ')[0]);
    }

    [Theory]
    [InlineData("auto", false)]
    [InlineData("always", true)]
    public void Redirected_output_has_colors_only_when_told(string color, bool expected)
    {
        ToolResult result = Tool.RunWith(new(StringComparer.Ordinal) { ["TERM"] = "xterm-256color" }, "inspect", "lenet-5", "--color", color);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(expected, result.Output.Contains(Escape, StringComparison.Ordinal));
    }

    [Fact]
    public void Output_without_colors_has_none() =>
        Assert.DoesNotContain(Escape, Tool.Run("inspect", "lenet-5", "--color", "never").Output);

    [Fact]
    public void Setting_comes_from_flag_before_environment_before_file()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("run.yaml", "inspect:\n  model: lenet-5\n  batch: 2\n");
        string json = folder.Write("run.json", "{\"inspect\": {\"batch\": 2}}");
        var variable = new Dictionary<string, string?>(StringComparer.Ordinal) { ["TEMPER_INSPECT__BATCH"] = "3" };
        string[] print = ["inspect", "lenet-300-100", "--print-config", "--config"];
        Assert.Contains("batch: 2\n", Tool.Run([.. print, file]).Output, StringComparison.Ordinal);
        Assert.Contains("batch: 2\n", Tool.Run([.. print, json]).Output, StringComparison.Ordinal);
        Assert.Contains("batch: 3\n", Tool.RunWith(variable, [.. print, file]).Output, StringComparison.Ordinal);
        Assert.Contains("batch: 4\n", Tool.Run([.. print, file, "--batch", "4"]).Output, StringComparison.Ordinal);
        Assert.Contains("model: lenet-300-100\n", Tool.Run([.. print, file]).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Flags_of_other_tools_mean_ours()
    {
        string printed = Tool.Run("train", "lenet-5", "--lr", "0.25", "--wd", "0.125", "--batch-size", "7", "--print-config").Output;
        Assert.Contains("learning-rate: 0.25\n", printed, StringComparison.Ordinal);
        Assert.Contains("weight-decay: 0.125\n", printed, StringComparison.Ordinal);
        Assert.Contains("batch: 7\n", printed, StringComparison.Ordinal);
    }

    /// <summary>A number that a pool cannot have is limited; it must not end every command.</summary>
    [Fact]
    public void Environment_sets_the_number_of_threads()
    {
        ToolResult result = Tool.RunWith(new(StringComparer.Ordinal) { ["TEMPER_THREADS"] = "1000" }, "doctor", "--json");
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.InRange(document.RootElement.GetProperty("threads").GetInt32(), 64, 1000);
    }

    /// <summary>Commands with settings of their own, beside those of training, take the same flags.</summary>
    [Theory]
    [InlineData("grow --lr 0.25", "learning-rate: 0.25\n")]
    [InlineData("grow --wd 0.125", "weight-decay: 0.125\n")]
    [InlineData("grow --batch-size 7", "batch: 7\n")]
    [InlineData("rl train --lr 0.25", "learning-rate: 0.25\n")]
    [InlineData("rl snoop --lr 0.25", "learning-rate: 0.25\n")]
    [InlineData("rl snoop --batch-size 7", "batch: 7\n")]
    [InlineData("attack --batch-size 7", "batch: 7\n")]
    [InlineData("eval --batch-size 7", "batch: 7\n")]
    [InlineData("inspect --batch-size 7", "batch: 7\n")]
    [InlineData("plan --batch-size 7", "batch: 7\n")]
    [InlineData("bench --batch-size 7", "batch: 7\n")]
    public void Flags_of_other_tools_mean_ours_in_every_command(string line, string printed) =>
        Assert.Contains(printed, Tool.Run([.. line.Split(' '), "--print-config"]).Output, StringComparison.Ordinal);

    [Fact]
    public void Printed_configuration_gives_itself_again()
    {
        using var folder = new TemporaryFolder();
        string printed = Tool.Run("inspect", "lenet-5", "--batch", "7", "--print-config").Output;
        Assert.Equal(printed, Tool.Run("inspect", "--config", folder.Write("run.yaml", printed), "--print-config").Output);
    }

    /// <summary>
    /// A configuration file may use alternative names of a setting: those of flags of other tools or earlier versions.
    /// </summary>
    [Fact]
    public void Configuration_takes_other_names_of_a_setting()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("run.yaml", "rl-train:\n  defence: noise\n  defence-epsilon: 0.03\n");
        string printed = Tool.Run("rl", "train", "--env", "cartpole", "--config", file, "--print-config").Output;
        Assert.Contains("defense: noise\n", printed, StringComparison.Ordinal);
        Assert.Contains("defense-epsilon: 0.03\n", printed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inspect:\n  bach: 2\n", "did you mean 'inspect.batch'?")]
    [InlineData("inspct:\n  batch: 2\n", "did you mean 'inspect'?")]
    [InlineData("inspect:\n  batch: two\n", "inspect.batch: cannot be used (got 'two'")]
    [InlineData("inspect: [1\n", "is not YAML or JSON")]
    [InlineData("inspect:\n  batch: [1, 2]\n", "must be a single plain value")]
    public void Configuration_that_cannot_be_used_gives_2(string text, string message)
    {
        using var folder = new TemporaryFolder();
        ToolResult result = Tool.Run("inspect", "lenet-5", "--config", folder.Write("run.yaml", text));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    /// <summary>As for other switches, the value may begin with a capital letter.</summary>
    [Fact]
    public void Environment_turns_on_the_stack_trace()
    {
        ToolResult result = Tool.RunWith(new(StringComparer.Ordinal) { ["TEMPER_FLOW__VERBOSE"] = "True" }, "flow", "no/such/clip.avi");
        Assert.Equal(6, result.ExitCode);
        Assert.Contains("   at Temper.", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_variable_of_a_command_gives_2()
    {
        ToolResult result = Tool.RunWith(new(StringComparer.Ordinal) { ["TEMPER_INSPECT__BACH"] = "2" }, "inspect", "lenet-5");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("did you mean 'TEMPER_INSPECT__BATCH'?", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_configuration_file_gives_6() =>
        Assert.Equal(6, Tool.Run("doctor", "--config", "no/such/file.yaml").ExitCode);

    [Theory]
    [InlineData("temper comp", "completion")]
    [InlineData("temper inspect --ba", "--batch")]
    [InlineData("temper inspect lenet-300", "lenet-300-100")]
    public void Completion_answers_with_words(string line, string word) =>
        Assert.Contains(word, Tool.Run($"[suggest:{line.Length}]", line).Output.Split('\n'), StringComparer.Ordinal);

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public void Completion_script_asks_the_tool(string shell) =>
        Assert.Contains("[suggest:", Tool.Run("completion", shell).Output, StringComparison.Ordinal);
}
