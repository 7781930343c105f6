using System.Globalization;
using Temper.Formats;

namespace Temper.Robustness.Evaluation;

/// <summary>
/// A property in VNN-LIB format: a box of inputs and a condition on the outputs of a counterexample. The condition is a
/// disjunction of conjunctions of comparisons.
/// </summary>
public sealed class VnnLibProperty
{
    private const int MaxCases = 10_000;

    private readonly IReadOnlyList<IReadOnlyList<OutputComparison>> _cases;

    private VnnLibProperty(float[] low, float[] high, IReadOnlyList<IReadOnlyList<OutputComparison>> cases) =>
        (Low, High, _cases) = (low, high, cases);

    /// <summary>Smallest value of each input, in the order of the input indices.</summary>
    public IReadOnlyList<float> Low { get; }

    /// <summary>Largest value of each input, in the order of the input indices.</summary>
    public IReadOnlyList<float> High { get; }

    /// <summary>Number of cases in the disjunction.</summary>
    public int Cases => _cases.Count;

    /// <summary>One more than the largest output index in the condition.</summary>
    public int Outputs =>
        _cases.SelectMany(one => one).Max(comparison => Math.Max(comparison.Larger, comparison.Smaller)) + 1;

    /// <summary>
    /// Whether the condition only compares outputs with each other, so that it holds for probabilities where it holds
    /// for their logits.
    /// </summary>
    internal bool IsOfOrder => _cases.SelectMany(one => one).All(
        comparison => comparison is { Larger: >= 0, Smaller: >= 0, Offset: 0 });

    /// <summary>Reads a property from a file.</summary>
    /// <param name="path">Path of a VNN-LIB file.</param>
    /// <exception cref="ModelFormatException">The file is not valid VNN-LIB or uses unsupported syntax.</exception>
    public static VnnLibProperty Load(string path)
    {
        var file = new FileInfo(path);
        const long MaxBytes = 64 << 20;
        return file.Length <= MaxBytes
            ? Parse(File.ReadAllText(path), path)
            : throw new ModelFormatException(
                path, $"vnnlib: the file is too large (got {file.Length} bytes, expected at most {MaxBytes})");
    }

    /// <summary>Parses a property from text.</summary>
    /// <param name="text">Text in VNN-LIB format.</param>
    /// <param name="name">Name of the source in error messages.</param>
    /// <exception cref="ModelFormatException">The text is not valid VNN-LIB or uses unsupported syntax.</exception>
    public static VnnLibProperty Parse(string text, string name)
    {
        var low = new SortedDictionary<int, double>();
        var high = new SortedDictionary<int, double>();
        List<List<OutputComparison>> cases = [[]];
        foreach (Expression expression in Expression.ReadAll(text, name))
        {
            if (expression.Head is "declare-const" or "declare-fun" or "set-logic" or "check-sat")
            {
                continue;
            }

            if (expression is not { Head: "assert", Parts: [_, var body] })
            {
                throw Error(name, expression, "an assertion");
            }

            if (body.Head is "<=" or ">=" && IsInput(body))
            {
                SetBound(body, low, high, name);
            }
            else
            {
                // Distributes the conjunction: each case so far is combined with each new case.
                cases = Both(cases, Disjunction(body, name), name);
            }
        }

        RequireBounds(low, high, name);
        if (cases.Any(one => one.Count == 0))
        {
            throw new ModelFormatException(name, "vnnlib: the property has no condition on the outputs");
        }

        (float Low, float High)[] bounds = [.. low.Keys.Select(i => Interval(i, low[i], high[i], name))];
        return new VnnLibProperty(
            [.. bounds.Select(bound => bound.Low)], [.. bounds.Select(bound => bound.High)], cases);
    }

    private static void RequireBounds(
        SortedDictionary<int, double> low, SortedDictionary<int, double> high, string name)
    {
        if (low.Count == 0 || high.Count != low.Count
            || !low.Keys.SequenceEqual(Enumerable.Range(0, low.Count)) || !high.Keys.SequenceEqual(low.Keys))
        {
            throw new ModelFormatException(name, $"vnnlib: some inputs lack bounds (got {low.Count} lower and "
                + $"{high.Count} upper bounds, expected both for X_0, X_1 and so on)");
        }
    }

    /// <summary>Computes the slack of each case; zero or more: the case is met.</summary>
    /// <param name="outputs">Outputs of the network.</param>
    /// <param name="slacks">Receives the smallest slack of each case's comparisons.</param>
    /// <param name="binding">Receives the comparison with the smallest slack of each case.</param>
    internal void Slacks(ReadOnlySpan<float> outputs, Span<float> slacks, Span<OutputComparison> binding)
    {
        for (int k = 0; k < _cases.Count; k++)
        {
            slacks[k] = float.PositiveInfinity;
            foreach (OutputComparison comparison in _cases[k])
            {
                float slack = comparison.Slack(outputs);
                if (slack < slacks[k])
                {
                    (slacks[k], binding[k]) = (slack, comparison);
                }
            }
        }
    }

    /// <summary>
    /// Returns the interval of an input in single precision. It lies within the interval of the file, so that a
    /// counterexample lies in the file's box. If no single-precision number lies within it, as for an input fixed at
    /// 0.1, the nearest one is used.
    /// </summary>
    private static (float Low, float High) Interval(int index, double low, double high, string name)
    {
        const double Largest = 1e38;
        if (low > high || low < -Largest || high > Largest)
        {
            throw new ModelFormatException(name, string.Create(CultureInfo.InvariantCulture,
                $"vnnlib: the bounds of X_{index} are invalid (got {low:R} to {high:R}, expected low <= "
                + $"high, both within +-{Largest}); correct the file"));
        }

        (float up, float down) = (Up(low), Down(high));
        return up <= down ? (up, down) : ((float)((low + high) / 2), (float)((low + high) / 2));
    }

    private static float Up(double value) => (float)value < value ? MathF.BitIncrement((float)value) : (float)value;

    private static float Down(double value) => (float)value > value ? MathF.BitDecrement((float)value) : (float)value;

    private static bool IsInput(Expression body) =>
        body.Parts.Any(part => part.Head?.StartsWith("X_", StringComparison.Ordinal) == true);

    private static void SetBound(
        Expression body, SortedDictionary<int, double> low, SortedDictionary<int, double> high, string name)
    {
        if (body.Parts is not [_, var left, var right])
        {
            throw Error(name, body, "two operands");
        }

        bool isTurned = right.Head?.StartsWith("X_", StringComparison.Ordinal) == true;
        (Expression variable, Expression number) = isTurned ? (right, left) : (left, right);
        int index = Index(variable, 'X', name);
        double value = Number(number, name);
        if (body.Head is "<=" != isTurned)
        {
            high[index] = high.TryGetValue(index, out double before) ? Math.Min(before, value) : value;
        }
        else
        {
            low[index] = low.TryGetValue(index, out double before) ? Math.Max(before, value) : value;
        }
    }

    private static List<List<OutputComparison>> Disjunction(Expression body, string name) => body.Head switch
    {
        "or" => [.. body.Parts.Skip(1).SelectMany(part => Disjunction(part, name))],
        "and" => body.Parts.Skip(1).Aggregate(
            new List<List<OutputComparison>> { new() },
            (sum, part) => Both(sum, Disjunction(part, name), name)),
        "<=" or ">=" when body.Parts is [_, var left, var right] =>
            [[body.Head is ">=" ? Compare(left, right, name) : Compare(right, left, name)]],
        _ => throw Error(name, body, "or, and, <= or >= over outputs"),
    };

    /// <summary>Combines each case of one condition with each case of another.</summary>
    private static List<List<OutputComparison>> Both(
        List<List<OutputComparison>> a, List<List<OutputComparison>> b, string name) =>
        (long)a.Count * b.Count <= MaxCases
            ? [.. from first in a from second in b select first.Concat(second).ToList()]
            : throw new ModelFormatException(
                name, $"vnnlib: the condition has too many cases (more than {MaxCases}); split the property");

    private static OutputComparison Compare(Expression larger, Expression smaller, string name)
    {
        bool isLeft = larger.Head?.StartsWith("Y_", StringComparison.Ordinal) == true,
            isRight = smaller.Head?.StartsWith("Y_", StringComparison.Ordinal) == true;
        return isLeft || isRight
            ? new OutputComparison(
                isLeft ? Index(larger, 'Y', name) : -1, isRight ? Index(smaller, 'Y', name) : -1,
                (float)((isLeft ? 0 : Number(larger, name)) - (isRight ? 0 : Number(smaller, name))))
            : throw Error(name, larger, "an output such as Y_0 on one side");
    }

    private static int Index(Expression expression, char kind, string name) =>
        expression.Head is { Length: > 2 } text
            && text[0] == kind
            && int.TryParse(text.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            && index < 10_000_000
            ? index
            : throw Error(name, expression, $"a variable such as {kind}_0");

    private static double Number(Expression expression, string name) =>
        expression.Parts.Count <= 1
            && double.TryParse(expression.Head, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value)
        ? value
        : expression is { Head: "-", Parts: [_, var inner] } ? -Number(inner, name)
        : throw Error(name, expression, "a number");

    private static ModelFormatException Error(string name, Expression found, string expected) =>
        new(name, found.Offset, $"vnnlib: syntax error (got '{found.Head}', expected {expected})");

    /// <summary>An S-expression: an atom, or a list whose first element is its head.</summary>
    private sealed record Expression(string? Head, IReadOnlyList<Expression> Parts, int Offset)
    {
        internal static IEnumerable<Expression> ReadAll(string text, string name)
        {
            int at = 0;
            while (Skip(text, ref at))
            {
                yield return Read(text, ref at, name, depth: 0);
            }
        }

        private static Expression Read(string text, ref int at, string name, int depth)
        {
            int start = at;
            if (text[at] != '(')
            {
                while (at < text.Length && text[at] is not ('(' or ')' or ';') && !char.IsWhiteSpace(text[at]))
                {
                    at++;
                }

                return at > start
                    ? new Expression(text[start..at], [], start)
                    : throw new ModelFormatException(name, start, "vnnlib: unmatched closing parenthesis");
            }

            at++;
            var parts = new List<Expression>();
            while (Skip(text, ref at))
            {
                if (text[at] == ')')
                {
                    at++;
                    return new Expression(parts.Count > 0 ? parts[0].Head : null, parts, start);
                }

                parts.Add(depth < 100 ? Read(text, ref at, name, depth + 1) : throw new ModelFormatException(
                    name, start, "vnnlib: parentheses are nested too deeply (more than 100)"));
            }

            throw new ModelFormatException(name, start, "vnnlib: a parenthesis is not closed");
        }

        /// <summary>Skips white space and comments; returns false at the end of the text.</summary>
        private static bool Skip(string text, ref int at)
        {
            while (at < text.Length && (char.IsWhiteSpace(text[at]) || text[at] == ';'))
            {
                if (text[at] == ';')
                {
                    int end = text.IndexOf('\n', at);
                    at = end < 0 ? text.Length : end;
                }
                else
                {
                    at++;
                }
            }

            return at < text.Length;
        }
    }
}

/// <summary>
/// The comparison: output <paramref name="Larger"/> + <paramref name="Offset"/> is at least output
/// <paramref name="Smaller"/>. Index -1: no output on that side.
/// </summary>
internal readonly record struct OutputComparison(int Larger, int Smaller, float Offset)
{
    internal float Slack(ReadOnlySpan<float> outputs) =>
        (Larger < 0 ? 0 : outputs[Larger]) - (Smaller < 0 ? 0 : outputs[Smaller]) + Offset;
}
