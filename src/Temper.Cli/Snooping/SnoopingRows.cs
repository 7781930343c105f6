using Temper.Cli.CommandLine;
using Temper.Reinforcement.Agents;
using Temper.Reporting.Documents;
using Temper.Snooping.Attacks;
using Temper.Snooping.Evaluation;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;

namespace Temper.Cli.Snooping;

/// <summary>
/// Adds the rows of a report: the mandatory baselines, each proxy with each attack, timed attacks, and the rounding
/// defense.
/// </summary>
/// <param name="run">Plays the victims.</param>
/// <param name="proxies">Proxies trained on the recorded log.</param>
/// <param name="others">Independently trained agents.</param>
/// <param name="told">Called with each row.</param>
internal sealed class SnoopingRows(
    SnoopingRun run, IReadOnlyList<Proxy> proxies, OtherAgents others, Action<SnoopingRow> told)
{
    private static readonly (TimingRule Rule, string Name)[] Rules =
        [(TimingRule.LowMargin, "low-margin"), (TimingRule.HighPreference, "high-preference")];

    private readonly List<SnoopingRow> _rows = [];

    internal IReadOnlyList<SnoopingRow> Rows => _rows;

    /// <summary>
    /// Throws for unknown attacks, and for timing without a proxy of actions; called before any episode is played.
    /// </summary>
    internal static void Check(IReadOnlyList<string> attacks, IReadOnlyList<Proxy> proxies, bool isTimed)
    {
        foreach (string attack in attacks)
        {
            _ = Create(attack, epsilon: 0);
        }

        if (isTimed)
        {
            _ = OfActions(proxies);
        }
    }

    /// <summary>One line for each requested attack and proxy that have no row together.</summary>
    internal static IEnumerable<string> Skipped(IReadOnlyList<string> attacks, IReadOnlyList<Proxy> proxies) =>
        from attack in attacks
        from proxy in proxies
        where !Fits(Create(attack, epsilon: 0), proxy)
        select $"{attack}: no rows with {proxy.Task}, because it needs a proxy that predicts actions alone (got "
            + $"{proxy.Goal}); use action-imitator, latent-imitator or offline-q";

    internal void AddClean() => Add(run.Clean());

    /// <summary>Adds all rows of one perturbation radius.</summary>
    internal void Add(double epsilon, IReadOnlyList<string> attacks)
    {
        GradientSign fgsm = GradientSign.Fgsm(epsilon);
        Add(run.Row("random-sign", new RandomSign { Epsilon = epsilon }, _ => [], null), Baseline.RandomSign);
        Add(run.Row("uniform-noise", new UniformNoise { Epsilon = epsilon }, _ => [], null), Baseline.UniformNoise);
        Add(run.Row("white-box fgsm", fgsm, victim => [run.Known(victim, "white-box")], null), Baseline.WhiteBoxFgsm);
        Add(run.Row("white-box pgd", GradientSign.Pgd(epsilon), victim =>
            [run.Known(victim, "white-box")], null), Baseline.WhiteBoxPgd);
        if (run.HasDefense)
        {
            Add(run.Row("white-box fgsm", fgsm, victim =>
                [run.Known(victim, "white-box")], null, isDefended: true), Baseline.Rounding);
        }

        if (others.SameMethod is { } same)
        {
            Add(run.Row("other agent fgsm", fgsm, _ => [run.Known(same, "other agent")], null), Baseline.Transfer);
        }

        if (others.OtherMethod is { } other)
        {
            Add(run.Row(
                "other method fgsm", fgsm, _ => [run.Known(other, "other method")], null), Baseline.OtherMethod);
        }

        AddRelated(epsilon);
        foreach (string attack in attacks)
        {
            AddProxies(Create(attack, epsilon), attack);
        }
    }

    /// <summary>Adds the row of an adversary that is trained against each victim.</summary>
    internal void AddAdversary(double epsilon, long steps) => Add(run.Adversary(epsilon, steps));

    /// <summary>
    /// Adds the rows of timed attacks: frames selected by each rule, and beside each an attack on as many frames
    /// selected at random. What is made equal is the number of selected frames: a rule that selects frames which the
    /// attack cannot change is a worse rule. A rule is calibrated on the log and adapts to the states that the agent
    /// reaches under attack; the fraction of frames it selects is close to the requested one, but not equal.
    /// </summary>
    internal void AddTimed(double epsilon, double rate, IStateLog log)
    {
        Proxy proxy = OfActions(proxies);
        GradientSign attack = GradientSign.Fgsm(epsilon);
        foreach ((TimingRule rule, string name) in Rules)
        {
            SnoopingRow row = run.Row(
                $"{proxy.Task} fgsm, {name} frames", attack, _ => [proxy],
                AttackTiming.Calibrate(rule, rate, proxy, log));
            Add(row);
            Add(run.Row(
                $"{proxy.Task} fgsm, random frames, as many as {name}", attack, _ => [proxy],
                AttackTiming.Random(row.ChosenFrames)));
        }
    }

    /// <summary>
    /// Adds the rows of agents trained on related tasks: the same game with other rules, and another game.
    /// </summary>
    private void AddRelated(double epsilon)
    {
        GradientSign fgsm = GradientSign.Fgsm(epsilon);
        if (others.OtherRules is { } rules)
        {
            Add(run.Row("other rules fgsm", fgsm, _ => [run.Known(rules, "other rules")], null));
        }

        if (others.OtherGame is { } game)
        {
            Add(run.Row("other game fgsm", fgsm, victim => [run.OfOtherGame(game, victim)], null));
        }
    }

    private void AddProxies(ObservationAttack attack, string name)
    {
        foreach (Proxy proxy in proxies)
        {
            if (!Fits(attack, proxy))
            {
                continue;
            }

            Add(run.Row(NameOf(proxy, name), attack, _ => [proxy], null));
            if (proxy.Goal == ProxyGoal.Value && attack is GradientSign steps)
            {
                // The harmful direction is not known beforehand, so both are played.
                Add(run.Row($"{proxy.Task} {name}, value up", steps with { RaisesValue = true }, _ => [proxy], null));
            }
            else if (run.HasDefense)
            {
                Add(run.Row(NameOf(proxy, name), attack, _ => [proxy], null, isDefended: true));
            }
        }

        if (proxies.Count > 1 && attack is GradientSign)
        {
            Add(run.Row($"all proxies {name}", attack, _ => proxies, null));
        }
    }

    /// <summary>
    /// Pictures of the first victim's first episode: without an attack, and under the first attack with the first proxy
    /// that has a row for it.
    /// </summary>
    internal IEnumerable<Section> Pictures(double epsilon, IReadOnlyList<string> attacks)
    {
        yield return run.Watch("Play before the attack", SnoopingRun.CleanName, new RandomSign { Epsilon = 0 }, []);
        string name = attacks[0];
        ObservationAttack attack = Create(name, epsilon);
        if (proxies.FirstOrDefault(proxy => Fits(attack, proxy)) is { } used)
        {
            yield return run.Watch(
                $"Play under attack: {used.Task} {name}, epsilon {epsilon:0.###}", NameOf(used, name), attack, [used]);
        }
    }

    /// <summary>Name of the row of an attack with a proxy; a value is lowered.</summary>
    private static string NameOf(Proxy proxy, string attack) =>
        proxy.Goal == ProxyGoal.Value ? $"{proxy.Task} {attack}, value down" : $"{proxy.Task} {attack}";

    /// <summary>
    /// Whether an attack can use a proxy. The guided attack changes the most likely action, so every output of the
    /// proxy must stand for an action.
    /// </summary>
    private static bool Fits(ObservationAttack attack, Proxy proxy) =>
        attack is not GuidedFrame || proxy.Goal == ProxyGoal.Classes;

    private static Proxy OfActions(IReadOnlyList<Proxy> proxies) =>
        proxies.FirstOrDefault(proxy => proxy.Goal == ProxyGoal.Classes)
        ?? throw ToolException.Usage("rl report: --timing needs a proxy that predicts actions alone (got "
            + $"{string.Join(", ", proxies.Select(proxy => proxy.Task))}; expected action-imitator, latent-imitator or "
            + "offline-q); train one with temper rl snoop");

    private static ObservationAttack Create(string attack, double epsilon) =>
        AttackNames.OfProxy(attack, epsilon, "rl report");

    private void Add(SnoopingRow row, Baseline? baseline = null)
    {
        _rows.Add(baseline is null ? row : row with { Baseline = baseline });
        told(_rows[^1]);
    }
}
