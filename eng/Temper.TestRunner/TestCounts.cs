using System.Xml.Linq;

namespace Temper.TestRunner;

/// <summary>Sums over the result files (trx) that the test host left.</summary>
internal sealed record TestCounts(int Passed, int Failed, IReadOnlyList<(string Test, string Reason)> Skipped)
{
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    internal static TestCounts Read(string folder)
    {
        int passed = 0, failed = 0;
        var skipped = new List<(string, string)>();
        if (Directory.Exists(folder))
        {
            foreach (string path in Directory.EnumerateFiles(folder, "*.trx", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                foreach (XElement result in XDocument.Load(path).Descendants(Trx + "UnitTestResult"))
                {
                    switch ((string?)result.Attribute("outcome"))
                    {
                        case "Passed": passed++; break;
                        case "NotExecuted": skipped.Add(((string?)result.Attribute("testName") ?? "?", Reason(result))); break;
                        default: failed++; break;
                    }
                }
            }
        }

        return new TestCounts(passed, failed, skipped);
    }

    private static string Reason(XElement result) =>
        result.Descendants(Trx + "Message").FirstOrDefault()?.Value.Trim()
        ?? result.Descendants(Trx + "StdOut").FirstOrDefault()?.Value.Trim()
        ?? "no reason given";
}
