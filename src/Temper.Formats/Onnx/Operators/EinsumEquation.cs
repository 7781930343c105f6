namespace Temper.Formats.Onnx;

/// <summary>
/// The axes of the operands and of the result of an Einsum, one letter per axis. The axes of an ellipsis are named
/// <c>0</c>, <c>1</c>, ... from the left.
/// </summary>
/// <param name="Operands">Axes of each operand.</param>
/// <param name="Result">Axes of the result.</param>
internal sealed record EinsumEquation(IReadOnlyList<string> Operands, string Result)
{
    private const string Ellipsis = "...";

    /// <summary>Maximum number of axes of an ellipsis, because each gets a digit.</summary>
    private const int MaxEllipsis = 10;

    /// <summary>
    /// Parses an equation for operands of the given ranks; null if it is malformed or does not fit them.
    /// </summary>
    internal static EinsumEquation? Parse(string text, IReadOnlyList<int> ranks)
    {
        string[] sides = text.Replace(" ", "", StringComparison.Ordinal).Split("->");
        string[] terms = sides[0].Split(',');
        if (sides.Length > 2 || terms.Length != ranks.Count)
        {
            return null;
        }

        string ellipsis = "";
        var operands = new List<string>();
        foreach ((string term, int rank) in terms.Zip(ranks))
        {
            int named = term.Replace(Ellipsis, "", StringComparison.Ordinal).Length;
            bool hasEllipsis = named < term.Length;
            if (hasEllipsis ? rank < named || rank - named > MaxEllipsis : rank != named)
            {
                return null;
            }

            string axes = hasEllipsis ? string.Concat(Enumerable.Range(0, rank - named)) : "";
            if (hasEllipsis && ellipsis.Length > 0 && ellipsis.Length != axes.Length)
            {
                return null;
            }

            ellipsis = axes.Length > 0 ? axes : ellipsis;
            operands.Add(term.Replace(Ellipsis, axes, StringComparison.Ordinal));
        }

        string result = sides.Length == 2
            ? sides[1].Replace(Ellipsis, ellipsis, StringComparison.Ordinal)
            : ellipsis + Once(sides[0]);
        var equation = new EinsumEquation(operands, result);
        return equation.IsValid ? equation : null;
    }

    /// <summary>
    /// Whether axes are letters or those of an ellipsis, none occurs twice in a term (a diagonal), and those of the
    /// result are known.
    /// </summary>
    private bool IsValid => Operands.Append(Result).All(term =>
        term.Distinct().Count() == term.Length && term.All(char.IsAsciiLetterOrDigit))
        && Result.All(axis => Operands.Any(term => term.Contains(axis, StringComparison.Ordinal)));

    /// <summary>Returns the letters that occur once, in alphabetical order: the result if none is given.</summary>
    private static string Once(string terms) => string.Concat(
        terms.Where(char.IsAsciiLetter).GroupBy(axis => axis).Where(group => group.Count() == 1)
            .Select(group => group.Key).Order());
}
