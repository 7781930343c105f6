using System.Text.Json.Nodes;
using Temper.Cli.Snooping;
using Temper.Networks;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Evaluation;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;

namespace Temper.Cli.Tests.Snooping;

/// <summary>What <c>temper rl report</c> prints, as text and as JSON.</summary>
public sealed class SnoopingOutputTests
{
    [Fact]
    public void The_text_shows_attacked_frames_alarms_and_rows_without_effect()
    {
        (string[] heads, IReadOnlyList<string[]> rows) = SnoopingOutput.Text(Table(
            Row("none", 0, 10, Baseline.Clean) with { Alarms = 0.01 },
            Row("fgsm", 0.003, 9) with { AttackedFrames = 0.27, Alarms = 0.5, IsNoOperation = true }));
        Assert.Equal("27 %", rows[1][Array.IndexOf(heads, "#frames attacked")]);
        Assert.Equal("1 %", rows[0][Array.IndexOf(heads, "#alarms")]);
        Assert.Equal("50 %", rows[1][Array.IndexOf(heads, "#alarms")]);
        Assert.Equal("", rows[0][Array.IndexOf(heads, "note")]);
        Assert.StartsWith("no effect", rows[1][Array.IndexOf(heads, "note")], StringComparison.Ordinal);
    }

    [Fact]
    public void The_text_has_no_column_for_what_no_row_has()
    {
        (string[] heads, IReadOnlyList<string[]> rows) = SnoopingOutput.Text(Table(Row("none", 0, 10, Baseline.Clean), Row("fgsm", 0.1, 9)));
        Assert.Equal("attack, defense, #epsilon, #mean return, #95 % interval, #drop, #frames attacked", string.Join(", ", heads));
        Assert.All(rows, row => Assert.Equal(heads.Length, row.Length));
    }

    /// <summary>
    /// The attack takes the undefended agent from 10 to 0 at 0.1, so it is halfway at 0.05; the defended agent keeps 9.
    /// </summary>
    [Fact]
    public void A_defended_row_does_not_have_the_half_epsilon_of_the_undefended_one()
    {
        JsonArray rows = SnoopingOutput.Json(Table(
            Row("none", 0, 10, Baseline.Clean), Row("fgsm", 0.1, 0), Row("fgsm", 0.1, 9) with { Defense = "rounding to 1 bit" }))["rows"]!.AsArray();
        Assert.Equal(0.05, rows[1]!["half_epsilon"]!.GetValue<double>(), 1e-9);
        Assert.Null(rows[2]!["half_epsilon"]);
    }

    [Fact]
    public void A_table_of_baselines_alone_is_not_complete()
    {
        JsonObject json = SnoopingOutput.Json(Table([.. Enum.GetValues<Baseline>().Select(baseline => Row("x", 0.1, 5, baseline))]));
        Assert.False(json["complete"]!.GetValue<bool>());
        Assert.Equal("an attack through a proxy", Assert.Single(json["missing"]!.AsArray())!.GetValue<string>());
    }

    [Theory]
    [InlineData(1, "1 episode per row; mean return of random play 0.00")]
    [InlineData(1200, "1,200 episodes per row; mean return of random play 0.00")]
    public void The_title_counts_episodes(int episodes, string title) =>
        Assert.Equal(title, SnoopingOutput.Title(Table(Row("none", 0, 10, Baseline.Clean) with { Episodes = episodes })));

    [Fact]
    public void One_episode_has_no_interval_and_a_small_epsilon_is_not_zero()
    {
        SnoopingTable table = Table(Row("fgsm", 0.0001, 9) with { Interval = (double.NaN, double.NaN) });
        (string[] heads, IReadOnlyList<string[]> rows) = SnoopingOutput.Text(table);
        Assert.Equal("none", rows[0][Array.IndexOf(heads, "#95 % interval")]);
        Assert.Equal("0.0001", rows[0][Array.IndexOf(heads, "#epsilon")]);
        Assert.All(SnoopingOutput.Json(table)["rows"]![0]!["interval"]!.AsArray(), end => Assert.Null(end));
    }

    [Theory]
    [InlineData(83, 2, "83 steps of 2 held-out episodes")]
    [InlineData(20, 0, "the last 20 steps of the only episode")]
    [InlineData(0, 0, "held-out steps")]
    public void What_a_proxy_was_measured_on_is_said(int steps, int episodes, string words)
    {
        var stream = new StreamInfo([4], 1, 0, 1, 2, "test");
        Network network = RandomPolicy.For(EnvironmentCatalog.Create("cartpole")).Network;
        Assert.Equal(words, SnoopingConditions.HeldOut(new Proxy
        {
            Network = network, Task = "action-imitator", Goal = ProxyGoal.Classes, Stream = stream, HeldOutSteps = steps, HeldOutEpisodes = episodes,
        }));
    }

    private static SnoopingTable Table(params SnoopingRow[] rows) => new(rows, 0, []);

    private static SnoopingRow Row(string attack, double epsilon, double mean, Baseline? baseline = null) =>
        new() { Attack = attack, Epsilon = epsilon, MeanReturn = mean, Interval = (mean - 1, mean + 1), Episodes = 10, Baseline = baseline };
}
