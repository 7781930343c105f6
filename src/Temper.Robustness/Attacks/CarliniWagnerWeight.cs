namespace Temper.Robustness.Attacks;

/// <summary>
/// The search for c, the weight of the margin in the loss: it is bisected between the largest value without and the
/// smallest with success.
/// </summary>
internal sealed class CarliniWagnerWeight(CarliniWagner options, Search s, CarliniWagnerPath path)
{
    /// <summary>Growth of c after a search without success; less if an earlier one had success.</summary>
    private const double Growth = 10, GrowthAfterSuccess = 2;

    /// <summary>With this number of searches or more, the authors' code ends with the upper bound of c.</summary>
    private const int ManySearches = 10;

    private double _low;
    private double _high = double.PositiveInfinity;
    private bool _isFound;

    /// <summary>The weight of the current search; NaN until the first gradient of a search that estimates it.</summary>
    internal double C { get; private set; } = options.FirstC ?? double.NaN;

    /// <summary>Starts the search with the given index.</summary>
    internal void Begin(int search)
    {
        _isFound = false;
        bool isLast = search == options.SearchSteps - 1;
        if (options.FirstC is not null && options.SearchSteps >= ManySearches && isLast && double.IsFinite(_high))
        {
            C = _high;
        }
    }

    /// <summary>Takes the gradient and the margin of a point into account.</summary>
    internal void Take()
    {
        C = double.IsNaN(C) ? path.EstimateC() : C;
        _isFound |= s.IsAdversarial;
    }

    /// <summary>Ends a search and chooses c for the next one.</summary>
    internal void End()
    {
        (_low, _high) = _isFound ? (_low, Math.Min(_high, C)) : (Math.Max(_low, C), _high);
        bool isEstimated = options.FirstC is null && s.HasBest;
        C = !double.IsFinite(_high) ? Growth * C
            : !isEstimated ? (_low + _high) / 2
            : _isFound ? path.BestC : GrowthAfterSuccess * C;
    }
}
