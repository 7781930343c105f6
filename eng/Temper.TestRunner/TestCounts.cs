using System.Xml.Linq;

namespace Temper.TestRunner;

/// <summary>Totals of the result files (trx) written by test processes.</summary>
/// <param name="Passed">Number of passed tests.</param>
/// <param name="Failed">Number of failed tests, plus processes that failed without recording a failed test.</param>
/// <param name="Skipped">Tests that could not run on this machine, each with its reason.</param>
/// <param name="LeftOut">Number of long tests that were not requested; they are in none of the other counts.</param>
/// <param name="Time">
/// Sum over the files of the time from the start of the first test to the end of the last, without process startup.
/// </param>
internal sealed record TestCounts(
    int Passed, int Failed, IReadOnlyList<(string Test, string Reason)> Skipped, int LeftOut, TimeSpan Time)
{
    /// <summary>Prefix of <c>Temper.Testing.LongTests.Reason</c>.</summary>
    private const string LongReason = "long test:";
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    internal static TestCounts None { get; } = new(0, 0, [], 0, TimeSpan.Zero);

    internal TestCounts Plus(TestCounts other) => new(
        Passed + other.Passed, Failed + other.Failed, [.. Skipped, .. other.Skipped], LeftOut + other.LeftOut,
        Time + other.Time);

    internal static TestCounts Read(string folder)
    {
        int passed = 0, failed = 0, leftOut = 0;
        var skipped = new List<(string, string)>();
        string[] files = Directory.Exists(folder)
            ? Directory.GetFiles(folder, "*.trx", SearchOption.AllDirectories)
            : [];
        XDocument[] documents = [.. files.Order(StringComparer.Ordinal).Select(XDocument.Load)];
        foreach (XElement result in documents.SelectMany(document => document.Descendants(Trx + "UnitTestResult")))
        {
            switch ((string?)result.Attribute("outcome"))
            {
                case "Passed": passed++; break;
                case "NotExecuted" when Reason(result).StartsWith(LongReason, StringComparison.Ordinal):
                    leftOut++;
                    break;
                case "NotExecuted": skipped.Add(((string?)result.Attribute("testName") ?? "?", Reason(result))); break;
                default: failed++; break;
            }
        }

        return new TestCounts(
            passed, failed, skipped, leftOut,
            documents.Aggregate(TimeSpan.Zero, (sum, document) => sum + Took(document)));
    }

    private static TimeSpan Took(XDocument document) =>
        document.Descendants(Trx + "Times").FirstOrDefault() is { } times
            ? (DateTimeOffset)times.Attribute("finish")! - (DateTimeOffset)times.Attribute("start")!
            : TimeSpan.Zero;

    private static string Reason(XElement result) =>
        result.Descendants(Trx + "Message").FirstOrDefault()?.Value.Trim()
        ?? result.Descendants(Trx + "StdOut").FirstOrDefault()?.Value.Trim()
        ?? "no reason given";
}
