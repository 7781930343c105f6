using System.Text.Json.Nodes;
using Temper.Experiments;

namespace Temper.Architecture.Tests;

/// <summary>Rows of snooping tables in bench/Temper.Experiments, whose source file is compiled into this project.</summary>
public sealed class SnoopedRowTests
{
    private const string Strong =
        """
        {"random": 0, "rows": [
          {"attack": "clean", "defense": "", "epsilon": 0, "returns": [9, 11], "attacked": 0, "milliseconds": null},
          {"attack": "fgsm", "defense": "", "epsilon": 0.1, "returns": [4, 6], "attacked": 0.2, "milliseconds": 2},
          {"attack": "assessor", "defense": "", "epsilon": 0.1, "returns": [10, 10], "attacked": 1, "milliseconds": 3}]}
        """;

    private const string Weak =
        """
        {"random": 0, "rows": [
          {"attack": "clean", "defense": "", "epsilon": 0, "returns": [2, 2], "attacked": 0, "milliseconds": null},
          {"attack": "fgsm", "defense": "", "epsilon": 0.1, "returns": [1, 1], "attacked": 0.6, "milliseconds": 4}]}
        """;

    private readonly IReadOnlyList<SnoopedRow> _rows = SnoopedRow.Of([JsonNode.Parse(Strong)!, JsonNode.Parse(Weak)!]);

    [Fact]
    public void A_row_that_some_victims_lack_is_compared_with_the_clean_returns_of_the_others()
    {
        SnoopedRow assessor = _rows[2];
        Assert.Single(assessor.Returns);
        Assert.Equal(10, assessor.Clean);
        Assert.Equal(0, assessor.Loss);
    }

    [Fact]
    public void Loss_frames_and_time_are_those_of_all_victims_that_have_the_row()
    {
        SnoopedRow fgsm = _rows[1];
        Assert.Equal(2, fgsm.Returns.Length);
        Assert.Equal(6, fgsm.Clean);
        Assert.Equal(0.5, fgsm.Loss);
        Assert.Equal(0.4, fgsm.Attacked, 12);
        Assert.Equal(3.0, fgsm.Milliseconds);
        Assert.Null(_rows[0].Milliseconds);
    }
}
