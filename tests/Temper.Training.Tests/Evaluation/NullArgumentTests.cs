using Temper.Networks;
using Temper.Training.Evaluation;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Evaluation;

/// <summary>A null network or data set is refused by its name.</summary>
public sealed class NullArgumentTests
{
    private static readonly Network Net = SmallRun.Network;

    private static readonly Dictionary<string, (string Parameter, Action Call)> Calls = new(StringComparer.Ordinal)
    {
        ["Evaluate: network"] = ("network", () => Evaluator.Evaluate(null!, SmallRun.Validation)),
        ["Evaluate: dataset"] = ("dataset", () => Evaluator.Evaluate(Net, null!)),
        ["Predict: network"] = ("network", () => Evaluator.Predict(null!, SmallRun.Validation, 0, 1)),
        ["Predict: dataset"] = ("dataset", () => Evaluator.Predict(Net, null!, 0, 1)),
        ["Fit: network"] = ("network", () => Trainer.Fit(null!, SmallRun.Train, SmallRun.Validation, SmallRun.Options)),
        ["Fit: train"] = ("train", () => Trainer.Fit(Net, null!, SmallRun.Validation, SmallRun.Options)),
        ["Fit: validation"] = ("validation", () => Trainer.Fit(Net, SmallRun.Train, null!, SmallRun.Options)),
        ["Fit: options"] = ("options", () => Trainer.Fit(Net, SmallRun.Train, SmallRun.Validation, null!)),
    };

    public static TheoryData<string> Names => [.. Calls.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Null_is_refused_by_name(string name) => Assert.Throws<ArgumentNullException>(Calls[name].Parameter, Calls[name].Call);
}
