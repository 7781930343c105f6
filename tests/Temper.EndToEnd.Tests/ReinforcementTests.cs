using System.Text.Json;

namespace Temper.EndToEnd.Tests;

/// <summary><c>temper rl</c> as scripts use it.</summary>
public sealed class ReinforcementTests : IDisposable
{
    private const int Usage = 2, BadInput = 3, Differs = 4, InputOutput = 6;
    private const string Traces = "rl-minatar-traces", Agents = "rl-minatar-agents";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_agent_is_trained_plays_and_is_exported()
    {
        ToolResult trained = Train("--output", _folder["agent.safetensors"], "--json");
        Assert.Equal((0, ""), (trained.ExitCode, trained.ExitCode == 0 ? "" : trained.Error));
        JsonElement json = JsonDocument.Parse(trained.Output).RootElement;
        Assert.Equal(("cartpole", 2048), (json.GetProperty("env").GetString(), json.GetProperty("steps").GetInt32()));
        Assert.Equal(4, json.GetProperty("curve").GetArrayLength());
        Assert.True(File.Exists(json.GetProperty("report").GetString()));
        ToolResult played = Tool.RunProcess(
            "rl", "play", "--env", "cartpole", "--agent", _folder["agent.safetensors"], "--episodes", "4", "--seed", "2", "--report", _folder["play.html"], "--json");
        JsonElement returns = JsonDocument.Parse(played.Output).RootElement.GetProperty("returns");
        Assert.Equal((0, 4), (played.ExitCode, returns.GetArrayLength()));
        Assert.Contains("The first episode", File.ReadAllText(_folder["play.html"]), StringComparison.Ordinal);
        ToolResult again = Tool.Run("rl", "play", "--env", "cartpole", "--agent", _folder["agent.safetensors"], "--episodes", "4", "--seed", "2", "--threads", "1", "--json");
        Assert.Equal(returns.ToString(), JsonDocument.Parse(again.Output).RootElement.GetProperty("returns").ToString());
        Assert.Equal(0, Tool.Run("convert", _folder["agent.safetensors"], _folder["agent.onnx"]).ExitCode);
    }

    [Fact]
    public void A_stopped_training_goes_on_to_the_same_agent()
    {
        Assert.Equal(0, Train("--output", _folder["whole.safetensors"]).ExitCode);
        ToolResult stopped = Train("--output", _folder["part.safetensors"], "--max-time", "1ms");
        Assert.Equal(130, stopped.ExitCode);
        Assert.Contains("--resume", stopped.Error, StringComparison.Ordinal);
        string run = Directory.GetDirectories(_folder["runs"]).Single(folder => !File.Exists(Path.Combine(folder, "result.json")));
        Assert.Equal(0, Tool.RunProcess("rl", "train", "--resume", run, "--max-time", "none", "--output", _folder["other.safetensors"]).ExitCode);
        Assert.Equal(File.ReadAllBytes(_folder["whole.safetensors"]), File.ReadAllBytes(_folder["other.safetensors"]));
    }

    [OutsideDataFact(Traces, Agents)]
    public void Published_agents_play_and_traces_agree()
    {
        string agent = OutsideData.PathOf($"{Agents}/Breakout_ppo.safetensors"), trace = OutsideData.PathOf($"{Traces}/breakout.npz");
        ToolResult played = Tool.Run("rl", "play", "--env", "brick-break", "--agent", agent, "--episodes", "4", "--seed", "0", "--json");
        Assert.Equal(0, played.ExitCode);
        Assert.All(JsonDocument.Parse(played.Output).RootElement.GetProperty("returns").EnumerateArray(), value => Assert.Contains(value.GetDouble(), new double[] { 22, 26 }));
        Assert.Equal(0, Tool.RunProcess("rl", "replay", "--env", "brick-break", "--trace", trace).ExitCode);
        ToolResult other = Tool.Run("rl", "replay", "--env", "treasure-dash", "--trace", trace);
        Assert.Equal(Differs, other.ExitCode);
        Assert.Contains("episode ep0, step 0", other.Error, StringComparison.Ordinal);
        Refused(Usage, "another game", "rl", "play", "--env", "treasure-dash", "--agent", agent);
        Refused(Usage, "shape", "rl", "play", "--env", "cartpole", "--agent", agent);
        Refused(BadInput, "channels", "rl", "replay", "--env", "road-cross", "--trace", trace);
        File.WriteAllBytes(_folder["cut.npz"], File.ReadAllBytes(trace)[..2000]);
        Refused(BadInput, "npz", "rl", "replay", "--env", "brick-break", "--trace", _folder["cut.npz"]);
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_any_work()
    {
        Refused(Usage, "--env", "rl", "play", "--agent", "random");
        Refused(Usage, "expected one of", "rl", "play", "--env", "pong", "--agent", "random");
        Refused(Usage, "grid game", "rl", "replay", "--env", "cartpole", "--trace", "x.npz");
        Refused(Usage, "--clip", "rl", "train", "--env", "cartpole", "--agent", "dqn", "--clip", "0.1", "--runs", _folder["runs"]);
        Refused(Usage, "discrete", "rl", "train", "--env", "pendulum", "--agent", "dqn", "--runs", _folder["runs"]);
        Refused(InputOutput, "missing.safetensors", "rl", "play", "--env", "cartpole", "--agent", _folder["missing.safetensors"]);
        File.WriteAllText(_folder["text.safetensors"], "this is no model");
        Refused(BadInput, "safetensors", "rl", "play", "--env", "cartpole", "--agent", _folder["text.safetensors"]);
        Assert.False(Directory.Exists(_folder["runs"]));
    }

    private ToolResult Train(params string[] more) => Tool.Run(
        ["rl", "train", "--env", "cartpole", "--steps", "2048", "--evaluate-every", "512", "--episodes", "5", "--seed", "3", "--runs", _folder["runs"], .. more]);

    private static void Refused(int code, string why, params string[] arguments)
    {
        ToolResult result = Tool.Run(arguments);
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
    }
}
