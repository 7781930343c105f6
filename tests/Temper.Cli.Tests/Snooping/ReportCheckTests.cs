using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Testing;

namespace Temper.Cli.Tests.Snooping;

/// <summary><c>temper rl report</c> refuses what cannot be played before it plays the baselines, which may take hours.</summary>
public sealed class ReportCheckTests : IDisposable
{
    private const string Cart = "cartpole", Other = "acrobot";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_proxy_of_other_observations_is_refused() =>
        Refused("acrobot-proxy.safetensors was made for another stream format (got stacks of [6], expected [4])", ("proxy", ProxyOf(Cart) + "\n" + ProxyOf(Other)));

    [Theory]
    [InlineData("transfer-agent")]
    [InlineData("transfer-method")]
    public void An_agent_that_cannot_play_here_is_refused(string flag) =>
        Refused($"--{flag} cannot be used: agent (random actions): cannot play cartpole", ("proxy", ProxyOf(Cart)), (flag, AgentOf(Other)));

    [Fact]
    public void A_log_of_other_stacks_cannot_time_an_attack()
    {
        SnoopRecorder<IActionLog> recorder = SnoopRecorder.ForActions(StreamOf(Cart) with { Frames = 2 }, capacity: 1);
        recorder.Observe(new float[4], isFirst: true);
        recorder.Act(0, 0);
        SnoopLogFile.Save(recorder.ToLog(), _folder["log.npz"]);
        Refused("--log was made for another stream format (got stacks of [8], expected [4])", ("proxy", ProxyOf(Cart)), ("timing", "0.5"), ("log", _folder["log.npz"]));
    }

    [Theory]
    [InlineData("precision", "uint8", "--precision uint8 needs observations from 0 to 1 (got no bounds in cartpole)")]
    [InlineData("attack", "guided-cw", "guided-cw needs observations with bounds")]
    public void Observations_without_bounds_are_refused_where_bounds_are_needed(string name, string value, string why) =>
        Refused(why, ("proxy", ProxyOf(Cart)), (name, value));

    [Fact]
    public void A_victim_with_continuous_actions_is_refused()
    {
        var command = new RlReportCommand();
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["env"] = "pendulum", ["agent"] = AgentOf("pendulum") };
        Assert.Contains("needs agents with discrete actions", Settings.Refusal(() => command.Run(Settings.Context(command, flags, TimeProvider.System))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("timing", "0.5")]
    [InlineData("attack", "pgd")]
    public void Without_a_proxy_nothing_is_left_to_time_or_to_choose(string name, string value) =>
        Refused($"--{name} does not apply to a report without --proxy", (name, value));

    [Fact]
    public void A_log_that_nothing_uses_is_refused() =>
        Refused("--log does not apply to a report without --timing or --detector", ("proxy", ProxyOf(Cart)), ("log", _folder["log.npz"]));

    /// <summary>Two victims that are one would make the interval too narrow.</summary>
    [Fact]
    public void A_victim_or_a_proxy_given_twice_is_refused()
    {
        string agent = AgentOf(Cart), proxy = ProxyOf(Cart);
        Refused($"--agent names the same thing more than once (got {agent}, ", ("agent", agent + "\n" + OtherNameOf(agent)));
        Refused($"--proxy names the same thing more than once (got {proxy}, ", ("proxy", proxy + "\n" + OtherNameOf(proxy)));

        static string OtherNameOf(string path) => Path.Combine(Path.GetDirectoryName(path)!, ".", Path.GetFileName(path));
    }

    [Fact]
    public void An_epsilon_or_an_attack_given_twice_is_refused()
    {
        Refused("--epsilon names the same thing more than once (got 0.1, 0.1)", ("epsilon", "0.1,0.2,0.1"));
        Refused("--attack names the same thing more than once (got pgd, pgd)", ("proxy", ProxyOf(Cart)), ("attack", "pgd,fgsm\npgd"));
    }

    private void Refused(string why, params (string Name, string Value)[] given)
    {
        var command = new RlReportCommand();
        var flags = given.ToDictionary(flag => flag.Name, flag => flag.Value, StringComparer.Ordinal);
        flags["env"] = Cart;
        flags.TryAdd("agent", AgentOf(Cart));
        Assert.Contains(why, Settings.Refusal(() => command.Run(Settings.Context(command, flags, TimeProvider.System))), StringComparison.Ordinal);
    }

    private string AgentOf(string environment)
    {
        string path = _folder[$"{environment}-agent.safetensors"];
        PolicyFile.Save(RandomPolicy.For(EnvironmentCatalog.Create(environment)), path);
        return path;
    }

    private string ProxyOf(string environment)
    {
        string path = _folder[$"{environment}-proxy.safetensors"];
        var proxy = new Proxy
        {
            Network = RandomPolicy.For(EnvironmentCatalog.Create(environment)).Network, Task = "action-imitator", Goal = ProxyGoal.Classes, Stream = StreamOf(environment),
        };
        proxy.Save(path);
        return path;
    }

    private static StreamInfo StreamOf(string environment)
    {
        EnvironmentSpec spec = EnvironmentCatalog.Create(environment).Spec;
        return new StreamInfo(spec.ObservationShape, 1, spec.Minimum, spec.Maximum, spec.Actions.Count, environment);
    }
}
