using System.Text.Json;

namespace Temper.EndToEnd.Tests;

/// <summary><c>temper rl record | snoop | report</c> as scripts use it.</summary>
public sealed class SnoopingTests : IDisposable
{
    private const int Usage = 2, BadInput = 3;
    private const string Agents = "rl-minatar-agents";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [OutsideDataFact(Agents)]
    public void An_agent_is_recorded_imitated_and_attacked()
    {
        string agent = OutsideData.PathOf($"{Agents}/Breakout_ppo.safetensors"), log = _folder["log.npz"], proxy = _folder["proxy.safetensors"];
        Right("rl", "record", "--env", "brick-break", "--agent", agent, "--threat", "sa", "--steps", "600", "--output", log);
        JsonElement made = Right("rl", "snoop", "--log", log, "--proxy", "action-imitator", "--epochs", "4", "--output", proxy);
        Assert.InRange(made.GetProperty("fidelity").GetDouble(), 0.5, 1);
        Assert.Equal("sa", made.GetProperty("threat").GetString());

        string[] report =
        [
            "rl", "report", "--env", "brick-break", "--agent", agent, "--proxy", proxy, "--epsilon", "0.1", "--episodes", "2", "--step-limit", "100", "--log", log, "--timing", "0.25",
        ];
        Right("rl", "snoop", "--log", log, "--proxy", "future-predictor", "--epochs", "4", "--output", _folder["future.safetensors"]);
        JsonElement table = Right([.. report, "--output", _folder["report"], "--detector", _folder["future.safetensors"]]);
        JsonElement[] rows = [.. table.GetProperty("rows").EnumerateArray()];
        Assert.All(rows, row => Assert.Equal(2, row.GetProperty("interval").GetArrayLength()));
        Assert.InRange(rows[0].GetProperty("alarms").GetDouble(), 0, 0.3);
        Assert.True(rows.First(row => row.GetProperty("attack").GetString() is "random-sign").GetProperty("alarms").GetDouble() > 0.7);
        double clean = Mean("none"), defended = rows.First(row => row.GetProperty("defense").GetString() is "rounding to 1 bit").GetProperty("mean_return").GetDouble();
        Assert.Equal(clean, defended);                       // rounding does not change values that are 0 or 1
        Assert.True(Mean("action-imitator fgsm") < clean);
        Assert.False(table.GetProperty("complete").GetBoolean());
        Assert.Equal(3, table.GetProperty("missing").GetArrayLength());
        string html = File.ReadAllText(Path.Combine(_folder["report"], "report.html"));
        Assert.Contains("Incomplete", html, StringComparison.Ordinal);
        Assert.Contains("Play before the attack", html, StringComparison.Ordinal);
        Assert.Contains("Play under attack: action-imitator fgsm, epsilon 0.1", html, StringComparison.Ordinal);
        Assert.Equal(Returns(table), Returns(Right(report)));

        double Mean(string attack) => rows.First(row => string.Equals(row.GetProperty("attack").GetString(), attack, StringComparison.Ordinal)).GetProperty("mean_return").GetDouble();
    }

    [Fact]
    public void A_recording_ends_at_its_steps_in_an_episode_without_an_end()
    {
        string agent = _folder["agent.safetensors"], log = _folder["log.npz"];
        // A barely trained car never reaches the flag, and without a step limit nothing else ends the episode.
        Right("rl", "train", "--env", "mountain-car", "--steps", "512", "--environments", "4", "--episodes", "1", "--evaluation-episodes", "1", "--runs", _folder["runs"], "--output", agent);
        Assert.Equal(300, Right("rl", "record", "--env", "mountain-car", "--agent", agent, "--step-limit", "0", "--steps", "300", "--output", log).GetProperty("steps").GetInt32());
    }

    [Fact]
    public void A_defender_measures_the_baselines_without_a_proxy()
    {
        string agent = _folder["agent.safetensors"];
        Right("rl", "train", "--env", "cartpole", "--steps", "512", "--environments", "4", "--episodes", "2", "--evaluation-episodes", "1", "--runs", _folder["runs"], "--output", agent);
        string[] report = ["rl", "report", "--env", "cartpole", "--agent", agent, "--epsilon", "0.1", "--episodes", "1"];
        JsonElement table = Right([.. report, "--output", _folder["report"]]);
        Assert.Equal(
            ["none", "random-sign", "uniform-noise", "white-box fgsm", "white-box pgd"],
            table.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("attack").GetString()));
        Assert.False(table.GetProperty("complete").GetBoolean());
        Assert.Contains("an attack through a proxy", table.GetProperty("missing").EnumerateArray().Select(name => name.GetString()));
        Assert.Contains("an attack through a proxy", File.ReadAllText(Path.Combine(_folder["report"], "report.html")), StringComparison.Ordinal);
        ToolResult text = Tool.Run(report);
        Assert.True(text.ExitCode == 0, text.Error);
        Assert.Contains("1 episode per row", text.Output, StringComparison.Ordinal);
        Assert.Contains("frames attacked", text.Output, StringComparison.Ordinal);
        Assert.Contains("an attack through a proxy", text.Output, StringComparison.Ordinal);
    }

    /// <summary>Every baseline, an attack through a proxy, and agents of related tasks.</summary>
    [Fact]
    public void A_complete_table_has_a_learned_adversary()
    {
        string victim = Trained("victim", "brick-break"), other = Trained("dqn", "brick-break", "--agent", "dqn"), rules = Trained("rules", "brick-break", "--sticky", "0", "--all-actions");
        string game = Trained("game", "road-cross"), log = _folder["log.npz"], proxy = _folder["proxy.safetensors"];
        Right("rl", "record", "--env", "brick-break", "--agent", victim, "--steps", "100", "--output", log);
        Right("rl", "snoop", "--log", log, "--proxy", "future-predictor", "--epochs", "1", "--output", proxy);
        string[] report =
        [
            "rl", "report", "--env", "brick-break", "--agent", victim, "--proxy", proxy, "--epsilon", "0.1", "--episodes", "2", "--step-limit", "50", "--adversary-steps", "2048",
            "--transfer-agent", victim, "--transfer-method", other, "--transfer-rules", rules, "--transfer-game", game,
        ];
        JsonElement table = Right(report);
        Assert.True(table.GetProperty("complete").GetBoolean());
        string?[] attacks = [.. table.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("attack").GetString())];
        Assert.All(["learned adversary", "other rules fgsm", "other game fgsm"], attack => Assert.Contains(attack, attacks));
        Assert.Equal(Returns(table), Returns(Right([.. report, "--threads", "1"])));
        Refused(Usage, "--transfer-game cannot be used: other game: its observations have another number of axes", [.. report[..^1], Trained("cart", "cartpole")]);
    }

    [OutsideDataFact(Agents)]
    public void What_was_not_heard_cannot_be_learned_from()
    {
        string agent = OutsideData.PathOf($"{Agents}/Breakout_ppo.safetensors"), log = _folder["log.npz"];
        Right("rl", "record", "--env", "brick-break", "--agent", agent, "--threat", "s", "--steps", "200", "--output", log);
        Refused(Usage, "recorded under S", "rl", "snoop", "--log", log, "--proxy", "action-imitator", "--output", _folder["p.safetensors"]);
        File.WriteAllBytes(log, File.ReadAllBytes(log)[..500]);
        Refused(BadInput, "npz", "rl", "snoop", "--log", log, "--proxy", "latent-imitator", "--output", _folder["p.safetensors"]);
        Refused(Usage, "--timing does not apply to a report without --proxy", "rl", "report", "--env", "brick-break", "--agent", agent, "--timing", "0.5");
        Refused(BadInput, "graph", "rl", "report", "--env", "brick-break", "--agent", agent, "--proxy", agent);
        Assert.False(File.Exists(_folder["p.safetensors"]));
    }

    /// <summary>A barely trained agent.</summary>
    private string Trained(string name, string game, params string[] more)
    {
        string agent = _folder[$"{name}.safetensors"];
        Right(["rl", "train", "--env", game, "--steps", "256", "--environments", "4", "--episodes", "1", "--evaluation-episodes", "1", "--runs", _folder["runs"], "--output", agent, .. more]);
        return agent;
    }

    private static double[] Returns(JsonElement table) => [.. table.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("mean_return").GetDouble())];

    private static JsonElement Right(params string[] arguments)
    {
        ToolResult result = Tool.Run([.. arguments, "--json"]);
        Assert.True(result.ExitCode == 0, result.Error);
        return JsonDocument.Parse(result.Output).RootElement;
    }

    private static void Refused(int code, string message, params string[] arguments)
    {
        ToolResult result = Tool.Run(arguments);
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }
}
