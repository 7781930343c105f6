using System.Text.Json.Nodes;
using Temper.Cli.Output;
using Temper.Robustness.Feedback;

namespace Temper.Cli.Hardening;

/// <summary>Converts the results of a probe to JSON.</summary>
internal static class DecisionSpaceJson
{
    /// <summary>
    /// Creates the fields of one network, used by <c>temper probe</c> and for each network of <c>temper harden</c>.
    /// </summary>
    /// <param name="space">Criteria of the decision space.</param>
    /// <param name="accuracy">Accuracy on clean samples, 0 to 1.</param>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="attacked">Accuracy under attacks; null: not measured.</param>
    internal static JsonObject Of(
        DecisionSpace space, double accuracy, IReadOnlyList<string> classes, AttackedNetwork? attacked = null) => new()
    {
        ["accuracy"] = JsonResult.Number(accuracy),
        ["median_distance"] = ByFamily(space, family => family.All.Median),
        ["tenth_percentile"] = ByFamily(space, family => family.All.TenthPercentile),
        ["mean_distance"] = ByFamily(space, family => family.All.Mean),
        ["coverage"] = ByFamily(space, family => family.All.Coverage),
        ["tau"] = ByFamily(space, family => family.Tau),
        ["exit_rate"] = ByFamily(space, family => family.ExitRate),
        ["islands"] = ByFamily(space, family => family.Islands),
        ["without_gradient"] = ByFamily(space, family => family.WithoutGradient),
        ["unit"] = new JsonObject([.. space.Families.Select(family =>
            KeyValuePair.Create(family.Family.Name, (JsonNode?)(family.Family.IsRay ? "l2" : "severity")))]),
        ["asymmetry"] = JsonResult.Number(space.Asymmetry),
        ["inequality"] = new JsonObject
        {
            ["range"] = JsonResult.Number(space.Inequality.Range),
            ["gini"] = JsonResult.Number(space.Inequality.Gini),
            ["by_family"] = new JsonObject(
                [.. space.Families.Select(family => KeyValuePair.Create(family.Family.Name, (JsonNode?)new JsonObject
            {
                ["range"] = JsonResult.Number(family.Inequality.Range),
                ["gini"] = JsonResult.Number(family.Inequality.Gini),
            }))]),
        },
        ["classes"] =
            new JsonArray([.. space.Counts.Select((count, k) => (JsonNode)Class(space, classes, attacked, k))]),
        ["pairs"] = new JsonObject(
            [.. space.Families.Select(family => KeyValuePair.Create(family.Family.Name, (JsonNode?)Pairs(family)))]),
        ["robust_accuracy"] = attacked is null ? null : Robust(attacked),
        ["median_ddn_l2"] = attacked is null ? null : JsonResult.Number(attacked.MedianDistance),
    };

    private static JsonObject Class(
        DecisionSpace space, IReadOnlyList<string> classes, AttackedNetwork? attacked, int k)
    {
        var fields = new JsonObject
        {
            ["class"] = k < classes.Count ? classes[k] : $"{k}",
            ["samples"] = space.Counts[k],
            ["accuracy"] = JsonResult.Number(space.Accuracies[k]),
            ["level"] = JsonResult.Number(space.Levels[k]),
            ["median_distance"] = ByFamily(space, family => family.Classes[k].Median),
            ["tenth_percentile"] = ByFamily(space, family => family.Classes[k].TenthPercentile),
            ["coverage"] = ByFamily(space, family => family.Classes[k].Coverage),
        };
        if (attacked is not null)
        {
            fields["robust_accuracy"] =
                ByAttack(attacked, accuracy => accuracy.OfClasses(attacked.Labels, space.Counts.Count)[k]);
        }

        return fields;
    }

    private static JsonObject Robust(AttackedNetwork attacked) => ByAttack(attacked, accuracy => accuracy.Value);

    /// <summary>JSON object with one value per attack and budget: <c>{ attack: { budget: value } }</c>.</summary>
    private static JsonObject ByAttack(AttackedNetwork attacked, Func<AttackedAccuracy, double> value) => new(
    [
        .. attacked.Accuracies.GroupBy(accuracy => accuracy.Attack, StringComparer.Ordinal)
        .Select(group => KeyValuePair.Create(group.Key, (JsonNode?)new JsonObject(
            [.. group.Select(
                accuracy => KeyValuePair.Create(accuracy.Budget.Name, JsonResult.Number(value(accuracy))))]))),
    ]);

    private static JsonObject ByFamily(DecisionSpace space, Func<FamilyCriteria, double> value) =>
        new([.. space.Families.Select(family =>
            KeyValuePair.Create(family.Family.Name, JsonResult.Number(value(family))))]);

    private static JsonObject Pairs(FamilyCriteria family)
    {
        int classes = family.Classes.Count;
        return new JsonObject
        {
            ["distance"] = Matrix(classes, (k, j) => JsonResult.Number(family.PairDistances[k, j])),
            ["hits"] = Matrix(classes, (k, j) => family.PairHits[k, j]),
        };
    }

    private static JsonArray Matrix(int classes, Func<int, int, JsonNode?> value) =>
        [.. Enumerable.Range(0, classes).Select(
            k => (JsonNode)new JsonArray([.. Enumerable.Range(0, classes).Select(j => value(k, j))]))];
}
