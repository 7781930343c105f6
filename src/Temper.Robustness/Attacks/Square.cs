namespace Temper.Robustness.Attacks;

/// <summary>
/// The Square attack (arXiv:1912.00049): random search with square-shaped changes; needs scores only. A clip <c>[T, C,
/// H, W]</c> is treated as one image with T x C channels, and an input of any other rank as an image of one row.
/// </summary>
public sealed record Square : FixedBudgetAttack
{
    /// <inheritdoc/>
    public override string Name => "square";

    /// <summary>Number of queries per start.</summary>
    public int Queries { get; init; } = 5000;

    /// <summary>Fraction of the pixels covered by the first square.</summary>
    public double FirstPart { get; init; } = 0.8;

    /// <summary>Number of starts.</summary>
    public int Restarts { get; init; } = 1;

    /// <inheritdoc/>
    public override Access Needs => Access.Scores;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.Linf, Norm.L2];

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        base.CheckOptions();
        Require(Queries >= 1, "queries", Queries, "1 or more");
        Require(FirstPart is > 0 and <= 1, "first part", FirstPart, "above 0, at most 1");
        Require(Restarts >= 1, "restarts", Restarts, "1 or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        float[] best = s.Vector();
        for (int restart = 0; restart < Restarts; restart++)
        {
            SquareMoves moves = Norm == Norm.Linf ? new SignSquares(s, Epsilon) : new MassSquares(s, Epsilon);
            moves.Begin();
            double min = double.PositiveInfinity;
            for (int query = 0; query < Queries; query++)
            {
                yield return Ask.Scores;
                if (s.Margin < min)
                {
                    min = s.Margin;
                    s.X.CopyTo(best, 0);
                }
                else
                {
                    best.CopyTo(s.X, 0);
                }

                moves.Move(Part(query + 1));
            }
        }
    }

    /// <summary>The fraction of pixels to change: the paper's schedule, stretched to the number of queries.</summary>
    private double Part(int query)
    {
        int[] halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];
        int index = (int)((double)query / Queries * 10_000);
        return FirstPart / (1 << halvings.Count(limit => index > limit));
    }
}
