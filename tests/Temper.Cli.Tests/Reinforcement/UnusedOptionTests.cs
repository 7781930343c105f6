using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Snooping;
using Temper.Cli.Tests.Support;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Testing;

namespace Temper.Cli.Tests.Reinforcement;

/// <summary>Options of <c>temper rl</c> that would be ignored, or would never end, are refused before any work.</summary>
public sealed class UnusedOptionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sticky", "0.2")]
    [InlineData("frame-skip", "2")]
    [InlineData("all-actions", "true")]
    public void Play_leaves_the_rules_of_an_environment_to_the_process_that_serves_it(string name, string value) =>
        Refused(new RlPlayCommand(), $"--{name} does not apply", ("env", "tcp://127.0.0.1:1"), ("agent", "random"), (name, value));

    [Theory]
    [InlineData("temper", "seed", "5")]
    [InlineData("temper", "connect", "127.0.0.1:1")]
    [InlineData("openenv", "connect", "127.0.0.1:1")]
    [InlineData("godot", "host", "127.0.0.1")]
    [InlineData("godot", "port", "7001")]
    [InlineData("godot", "max-connections", "3")]
    public void A_served_environment_takes_only_what_its_protocol_uses(string protocol, string name, string value) =>
        Refused(new RlServeEnvCommand(), $"--{name} does not apply to the protocol {protocol}", ("env", "cartpole"), ("protocol", protocol), (name, value));

    [Fact]
    public void A_training_whose_evaluation_may_never_end_is_refused()
    {
        Refused(new RlTrainCommand(), "--step-limit 0", ("env", "brick-break"), ("step-limit", "0"), ("runs", _folder["runs"]));
        Assert.False(Directory.Exists(_folder["runs"]));
    }

    [Theory]
    [InlineData("pendulum", "--defense needs discrete actions (got continuous actions in pendulum)")]
    [InlineData("acrobot", "--defense cannot be used with ppo in acrobot, because observations are normalized there")]
    public void A_defense_that_is_impossible_is_refused_in_plain_words(string environment, string why) =>
        Refused(new RlTrainCommand(), why, ("env", environment), ("defense", "smooth"), ("runs", _folder["runs"]));

    [Theory]
    [InlineData("host", "localhost", "--host: cannot be used (got 'localhost', expected an IP address")]
    [InlineData("port", "99999", "--port: cannot be used (got '99999', expected a whole number from 0 to 65535)")]
    [InlineData("max-message-mib", "2000", "--max-message-mib: cannot be used (got '2000', expected a whole number from 1 to 1024)")]
    public void Of_the_options_of_a_server_the_wrong_one_is_named(string name, string value, string why) =>
        Refused(new RlServeEnvCommand(), why, ("env", "cartpole"), (name, value));

    [Fact]
    public void A2c_takes_no_clip_range() =>
        Refused(new RlTrainCommand(), "--clip does not apply to a2c", ("env", "cartpole"), ("agent", "a2c"), ("clip", "0.1"), ("runs", _folder["runs"]));

    [Theory]
    [InlineData("temper")]
    [InlineData("openenv")]
    [InlineData("godot")]
    public void A_bridge_checks_its_bounds_before_it_waits(string protocol) =>
        Refused(
            new RlBridgeCommand(), "--bounds cannot be used (got 1,0", ("connect", "127.0.0.1:1"), ("output", _folder["log.npz"]), ("protocol", protocol), ("bounds", "1,0"));

    [Theory]
    [InlineData("epsilon", "0.3")]
    [InlineData("precision", "uint8")]
    [InlineData("seed", "5")]
    public void A_bridge_that_only_records_takes_no_option_of_an_attack(string name, string value) =>
        Refused(new RlBridgeCommand(), $"--{name} does not apply to a bridge that does not attack", ("connect", "127.0.0.1:1"), ("output", _folder["log.npz"]), (name, value));

    [Theory]
    [InlineData("threat", "s")]
    [InlineData("steps", "5")]
    public void A_bridge_that_only_attacks_takes_no_option_of_a_recording(string name, string value) =>
        Refused(new RlBridgeCommand(), $"--{name} does not apply to a bridge without --output", ("connect", "127.0.0.1:1"), ("attack", "random-sign"), (name, value));

    [Theory]
    [InlineData("temper", "observation-field", "pixels")]
    [InlineData("temper", "action-field", "move")]
    [InlineData("temper", "scale", "255")]
    [InlineData("godot", "actions", "3")]
    [InlineData("godot", "scale", "255")]
    public void Fields_and_scale_are_those_of_OpenEnv(string protocol, string name, string value) => Refused(
        new RlBridgeCommand(), $"--{name} does not apply to the protocol {protocol}", ("connect", "127.0.0.1:1"), ("output", _folder["log.npz"]), ("protocol", protocol), (name, value));

    [Theory]
    [InlineData("random-sign")]
    [InlineData("uniform-noise")]
    public void Noise_takes_no_proxy(string attack) => Refused(
        new RlBridgeCommand(), $"--proxy does not apply to --attack {attack}", ("connect", "127.0.0.1:1"), ("attack", attack), ("proxy", _folder["missing.safetensors"]));

    /// <summary>Refused before the bridge listens: the file names the proxy's task.</summary>
    [Fact]
    public void The_guided_attack_of_a_bridge_takes_no_proxy_of_values()
    {
        IEnvironment cart = EnvironmentCatalog.Create("cartpole");
        new Proxy
        {
            Network = RandomPolicy.For(cart).Network, Task = "value-assessor", Goal = ProxyGoal.Value, Stream = new StreamInfo(cart.Spec.ObservationShape, 1, 0, 1, 2, "cartpole"),
        }.Save(_folder["proxy.safetensors"]);
        Refused(
            new RlBridgeCommand(), "guided-cw needs a proxy that predicts actions alone (got value-assessor)", ("connect", "127.0.0.1:1"), ("attack", "guided-cw"),
            ("proxy", _folder["proxy.safetensors"]));
    }

    [Theory]
    [InlineData("127.0.0.1:8000", "http://127.0.0.1:8000/")]
    [InlineData("[::1]:8000", "http://[::1]:8000/")]
    [InlineData("localhost:8000", "http://localhost:8000/")]
    public void An_IPv6_address_keeps_its_brackets(string peer, string address) =>
        Assert.Equal(address, BridgeSettings.AddressOf(BridgeSettings.Peer(peer, "--connect")).AbsoluteUri);

    private static void Refused(ToolCommand command, string why, params (string Name, string Value)[] given)
    {
        var flags = given.ToDictionary(flag => flag.Name, flag => flag.Value, StringComparer.Ordinal);
        Assert.Contains(why, Settings.Refusal(() => command.Run(Settings.Context(command, flags, TimeProvider.System))), StringComparison.Ordinal);
    }
}
